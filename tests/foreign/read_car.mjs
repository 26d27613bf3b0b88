// Reads a content-addressable archive with @ipld/car, hashes every block again with @noble/hashes and
// decodes it with @ipld/dag-cbor: prints how many blocks there are and how many links lead to one of them.
//
//     node read_car.mjs FILE         (beside a node_modules with these packages and multiformats)
import { readFileSync } from 'node:fs'
import { CarReader } from '@ipld/car'
import * as dagCbor from '@ipld/dag-cbor'
import { blake3 } from '@noble/hashes/blake3.js'
import { CID } from 'multiformats/cid'

const reader = await CarReader.fromBytes(readFileSync(process.argv[2]))
const roots = await reader.getRoots()
const known = new Set()
const links = []

function gather(value) {
  const cid = CID.asCID(value)
  if (cid) links.push(cid.toString())
  else if (value instanceof Uint8Array || value === null) return
  else if (typeof value === 'object') Object.values(value).forEach(gather)
}

for await (const { cid, bytes } of reader.blocks()) {
  if (cid.code !== dagCbor.code || cid.multihash.code !== 0x1e) throw new Error(`${cid}: not DAG-CBOR under BLAKE3`)
  if (!Buffer.from(blake3(bytes)).equals(Buffer.from(cid.multihash.digest))) throw new Error(`${cid}: other bytes`)
  gather(dagCbor.decode(bytes))
  known.add(cid.toString())
}
if (roots.length !== 1 || !known.has(roots[0].toString())) throw new Error('the root is not in it')
const inside = links.filter((link) => known.has(link)).length
console.log(`${known.size} blocks hashed again, ${inside} of ${links.length} links lead to one of them`)
