// Checks a public log with Go's own packages: golang.org/x/mod/sumdb/note and tlog.
//
//	check_log CASE
//
// CASE is what tests/foreign/run wrote: key, tiles, checkpoints, consistency proofs, proofs of commits.
package main

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type testCase struct {
	Key         string   `json:"key"`
	Tiles       string   `json:"tiles"`
	Checkpoints []string `json:"checkpoints"`
	Consistency []struct {
		Earlier string   `json:"earlier"`
		Later   string   `json:"later"`
		Proof   []string `json:"proof"`
	} `json:"consistency"`
	Proofs []struct {
		Commit int64  `json:"commit"`
		Proof  string `json:"proof"`
		Entry  string `json:"entry"`
	} `json:"proofs"`
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func refuse(what string, err error) {
	if err == nil {
		must(fmt.Errorf("accepted: %s", what))
	}
}

// tiles reads the files of C2SP's tlog-tiles: as Go's, without the height in the path.
type tiles struct{ folder string }

func (t tiles) Height() int { return 8 }

func (t tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range wanted {
		data, err := os.ReadFile(filepath.Join(t.folder, path(tile, strconv.Itoa(tile.L))))
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

func (t tiles) SaveTiles([]tlog.Tile, [][]byte) {}

func path(tile tlog.Tile, kind string) string {
	rest := strings.TrimPrefix(tile.Path(), fmt.Sprintf("tile/8/%d/", tile.L))
	if !strings.HasPrefix(tile.Path(), "tile/8/") {
		must(fmt.Errorf("another path: %s", tile.Path()))
	}
	return "tile/" + kind + "/" + rest
}

func open(text string, known note.Verifiers) (tlog.Tree, error) {
	opened, err := note.Open([]byte(text), known)
	if err != nil {
		return tlog.Tree{}, err
	}
	lines := strings.Split(opened.Text, "\n")
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tlog.Tree{}, err
	}
	hash, err := tlog.ParseHash(lines[2])
	return tlog.Tree{N: size, Hash: hash}, err
}

func hashes(texts []string) []tlog.Hash {
	var all []tlog.Hash
	for _, text := range texts {
		hash, err := tlog.ParseHash(text)
		must(err)
		all = append(all, hash)
	}
	return all
}

func main() {
	data, err := os.ReadFile(os.Args[1])
	must(err)
	var it testCase
	must(json.Unmarshal(data, &it))
	verifier, err := note.NewVerifier(it.Key)
	must(err)
	known := note.VerifierList(verifier)

	var newest tlog.Tree
	for _, text := range it.Checkpoints {
		tree, err := open(text, known)
		must(err)
		newest = tree
		_, err = open(strings.Replace(text, "\n", " \n", 1), known)
		refuse("a changed checkpoint", err)
	}
	for _, pair := range it.Consistency {
		older, err := open(pair.Earlier, known)
		must(err)
		later, err := open(pair.Later, known)
		must(err)
		proof := tlog.TreeProof(hashes(pair.Proof))
		must(tlog.CheckTree(proof, later.N, later.Hash, older.N, older.Hash))
		if older.N < later.N {
			other := older.Hash
			other[0] ^= 1
			refuse("another earlier root", tlog.CheckTree(proof, later.N, later.Hash, older.N, other))
		}
	}
	for _, one := range it.Proofs {
		head, text, _ := strings.Cut(one.Proof, "\n\n")
		lines := strings.Split(head, "\n")
		if lines[0] != "c2sp.org/tlog-proof@v1" || lines[1] != fmt.Sprintf("index %d", one.Commit-1) {
			must(fmt.Errorf("not a tlog-proof of commit %d: %q", one.Commit, head))
		}
		tree, err := open(text, known)
		must(err)
		entry, err := base64.StdEncoding.DecodeString(one.Entry)
		must(err)
		proof := tlog.RecordProof(hashes(lines[2:]))
		must(tlog.CheckRecord(proof, tree.N, tree.Hash, one.Commit-1, tlog.RecordHash(entry)))
		entry[0] ^= 1
		refuse("another entry", tlog.CheckRecord(proof, tree.N, tree.Hash, one.Commit-1, tlog.RecordHash(entry)))
	}

	// Every tile is read, proved to be of the newest tree, and compared with the entries beside it.
	reader := tlog.TileHashReader(newest, tiles{it.Tiles})
	entries := int64(0)
	for first := int64(0); first < newest.N; first += 256 {
		tile := tlog.Tile{H: 8, L: 0, N: first / 256, W: 256}
		if newest.N-first < 256 {
			tile.W = int(newest.N - first)
		}
		bundle, err := os.ReadFile(filepath.Join(it.Tiles, path(tile, "entries")))
		must(err)
		for len(bundle) > 0 {
			length := int(binary.BigEndian.Uint16(bundle))
			entry := bundle[2 : 2+length]
			bundle = bundle[2+length:]
			found, err := reader.ReadHashes([]int64{tlog.StoredHashIndex(0, entries)})
			must(err)
			if found[0] != tlog.RecordHash(entry) {
				must(fmt.Errorf("entry %d is not the leaf", entries))
			}
			entries++
		}
	}
	if entries != newest.N {
		must(fmt.Errorf("%d entries of %d", entries, newest.N))
	}
	fmt.Printf("%d checkpoints, %d consistency proofs, %d proofs of commits, %d entries in tiles\n",
		len(it.Checkpoints), len(it.Consistency), len(it.Proofs), entries)
}
