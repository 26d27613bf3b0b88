//! Croissant 1.0 (<https://docs.mlcommons.org/croissant/docs/croissant-spec.html>): a data set, its files
//! by their digests, and its columns where they are recorded.
//!
//! A file stands in it only with a digest of which an algorithm is recorded that Croissant has a
//! place for: SHA-256 or MD5. The form of a file is told from its name, else it is bytes.

use super::digests::{bare, urn};
use crate::go_on::{GoOn, asked};
use crate::{Closure, Error, Member};
use lineal_engine::schema::{Kind, Relation};
use lineal_proof::Value;
use lineal_query::value::time_text;
use serde_json::{Map, Value as Json, json};

const FORM: &str = "Croissant";
const CONFORMS_TO: &str = "http://mlcommons.org/croissant/1.0";
/// Columns that are described: more is no table that a person reads.
const COLUMNS_MAX: usize = 10_000;

/// The description of the data set at the root.
pub(super) fn write(closure: &Closure, go_on: GoOn<'_>) -> Result<Json, Error> {
    let root = closure.root();
    if root.kind != Kind::Dataset {
        return Err(Error::WrongKind { form: FORM, wanted: "a data set", name: root.name.clone() });
    }
    let name = root.text("name").unwrap_or_else(|| bare(root));
    let own = file(root);
    let files = files(closure, own.as_ref(), go_on)?;
    let mut out = Map::new();
    let mut put = |name: &str, value: Json| {
        out.insert(name.to_owned(), value);
    };
    put("@context", context());
    put("@type", json!("sc:Dataset"));
    put("@id", json!(urn(root)));
    put("conformsTo", json!(CONFORMS_TO));
    put("name", json!(name));
    put("identifier", json!(root.revision.unwrap_or(root.id).to_string()));
    put("url", json!(root.text("uri").map_or_else(|| urn(root), str::to_owned)));
    if let Some(version) = root.text("version").filter(|version| is_version(version)) {
        put("version", json!(version));
    }
    if let Some(licence) = root.text("license") {
        put("license", json!(licence));
    }
    if let Some(time) = root.number("time") {
        put("dateModified", json!(time_text(time)));
    }
    let truth = |name: &str| root.fields.get(name).and_then(Value::as_bool);
    if truth("personal_data") == Some(true) {
        put("rai:personalSensitiveInformation", json!(["recorded as holding personal data"]));
    }
    if let Some(how) = root.text("collection_method") {
        put("rai:dataCollection", json!(how));
    }
    let columns = root.text("schema").and_then(columns).unwrap_or_default();
    // The columns are those of the root: what it was derived from may hold others.
    let set = own.filter(|_| !columns.is_empty()).map(|file| record_set(&file, &columns));
    put("distribution", Json::Array(files));
    if let Some(set) = set {
        put("recordSet", json!([set]));
    }
    Ok(Json::Object(out))
}

/// A version that Croissant takes: three numbers with points between them.
fn is_version(version: &str) -> bool {
    let parts: Vec<&str> = version.split('.').collect();
    let is_number = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    parts.len() == 3 && parts.iter().all(is_number)
}

/// The data set's own bytes, where it is one file, then the files that it was derived from.
fn files(closure: &Closure, own: Option<&Json>, go_on: GoOn<'_>) -> Result<Vec<Json>, Error> {
    let mut all: Vec<Json> = own.cloned().into_iter().collect();
    let derived = closure.along(closure.root, Relation::DerivedFrom);
    for from in derived {
        asked(go_on)?;
        let found = file(&closure.members[from]);
        let is_new = |found: &Json| all.iter().all(|known| known["@id"] != found["@id"]);
        all.extend(found.filter(is_new));
    }
    Ok(all)
}

fn file(member: &Member) -> Option<Json> {
    let (algorithm, digest) = member.digest()?;
    if !matches!(algorithm, "sha256" | "md5") {
        return None;
    }
    let name = member.text("name").unwrap_or_else(|| bare(member));
    let place = member.text("uri").unwrap_or(name);
    let mut out = Map::new();
    out.insert("@type".to_owned(), json!("cr:FileObject"));
    // Of the node, not of its name: two files of one name are two.
    out.insert("@id".to_owned(), json!(format!("files/{}", member.id)));
    out.insert("name".to_owned(), json!(name));
    out.insert("contentUrl".to_owned(), json!(place));
    out.insert("encodingFormat".to_owned(), json!(media_type(place)));
    out.insert(algorithm.to_owned(), json!(digest));
    Some(Json::Object(out))
}

fn media_type(place: &str) -> &'static str {
    let path = place.split(['?', '#']).next().unwrap_or(place);
    let ending = path.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    match ending.as_deref() {
        Some("csv") => "text/csv",
        Some("tsv") => "text/tab-separated-values",
        Some("txt") => "text/plain",
        Some("json") => "application/json",
        Some("jsonl" | "ndjson") => "application/jsonlines",
        Some("parquet") => "application/x-parquet",
        Some("zip") => "application/zip",
        Some("gz" | "tgz") => "application/gzip",
        _ => "application/octet-stream",
    }
}

/// Names and types of columns, as MLflow and others write them: a list of objects, or a map that
/// holds one.
fn columns(schema: &str) -> Option<Vec<(String, &'static str)>> {
    let schema: Json = serde_json::from_str(schema).ok()?;
    let list = ["mlflow_colspec", "columns", "fields"].iter().find_map(|name| schema.get(name));
    let list = list.unwrap_or(&schema).as_array()?;
    let columns = list.iter().take(COLUMNS_MAX).filter_map(|column| {
        let name = column.get("name").and_then(Json::as_str)?;
        let kind = column.get("type").or(column.get("dataType")).and_then(Json::as_str);
        Some((name.to_owned(), data_type(kind.unwrap_or_default())))
    });
    Some(columns.collect())
}

fn data_type(kind: &str) -> &'static str {
    match kind.rsplit(':').next().unwrap_or(kind).to_ascii_lowercase().as_str() {
        "long" | "integer" | "int" | "int32" | "int64" | "bigint" => "sc:Integer",
        "double" | "float" | "float32" | "float64" | "decimal" | "number" => "sc:Float",
        "boolean" | "bool" => "sc:Boolean",
        "datetime" | "timestamp" => "sc:DateTime",
        "date" => "sc:Date",
        "url" => "sc:URL",
        _ => "sc:Text",
    }
}

fn record_set(file: &Json, columns: &[(String, &'static str)]) -> Json {
    let field = |(name, kind): &(String, &'static str)| {
        json!({
            "@type": "cr:Field",
            "@id": format!("records/{name}"),
            "name": format!("records/{name}"),
            "dataType": kind,
            "source": { "fileObject": { "@id": file["@id"] }, "extract": { "column": name } },
        })
    };
    let fields: Vec<Json> = columns.iter().map(field).collect();
    json!({ "@type": "cr:RecordSet", "@id": "records", "name": "records", "field": fields })
}

/// The context that the specification prescribes.
fn context() -> Json {
    json!({
        "@language": "en",
        "@vocab": "https://schema.org/",
        "citeAs": "cr:citeAs",
        "column": "cr:column",
        "conformsTo": "dct:conformsTo",
        "cr": "http://mlcommons.org/croissant/",
        "rai": "http://mlcommons.org/croissant/RAI/",
        "data": { "@id": "cr:data", "@type": "@json" },
        "dataType": { "@id": "cr:dataType", "@type": "@vocab" },
        "dct": "http://purl.org/dc/terms/",
        "examples": { "@id": "cr:examples", "@type": "@json" },
        "extract": "cr:extract",
        "field": "cr:field",
        "fileProperty": "cr:fileProperty",
        "fileObject": "cr:fileObject",
        "fileSet": "cr:fileSet",
        "format": "cr:format",
        "includes": "cr:includes",
        "isLiveDataset": "cr:isLiveDataset",
        "jsonPath": "cr:jsonPath",
        "key": "cr:key",
        "md5": "cr:md5",
        "parentField": "cr:parentField",
        "path": "cr:path",
        "recordSet": "cr:recordSet",
        "references": "cr:references",
        "regex": "cr:regex",
        "repeated": "cr:repeated",
        "replace": "cr:replace",
        "sc": "https://schema.org/",
        "separator": "cr:separator",
        "source": "cr:source",
        "subField": "cr:subField",
        "transform": "cr:transform",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use lineal_engine::NodeNo;
    use lineal_proof::{Hash, Key};
    use std::collections::BTreeSet;

    #[test]
    fn columns_are_read_as_several_sources_write_them() {
        let mlflow = r#"{"mlflow_colspec": [{"name": "age", "type": "long", "required": true},
            {"name": "rate", "type": "double"}]}"#;
        let expected = vec![("age".to_owned(), "sc:Integer"), ("rate".to_owned(), "sc:Float")];
        assert_eq!(columns(mlflow), Some(expected));
        let list = r#"[{"name": "at", "type": "timestamp"}, {"type": "x"}, {"name": "x"}]"#;
        let expected = vec![("at".to_owned(), "sc:DateTime"), ("x".to_owned(), "sc:Text")];
        assert_eq!(columns(list), Some(expected));
        assert_eq!(columns("no JSON"), None);
        assert_eq!(columns("{}"), None);
    }

    #[test]
    fn a_version_is_three_numbers_and_a_form_is_told_by_the_name() {
        assert!(is_version("1.0.12") && !is_version("1.0") && !is_version("1..0"));
        assert_eq!(media_type("s3://b/a.CSV?versionId=1"), "text/csv");
        assert_eq!(media_type("loans"), "application/octet-stream");
    }
    fn data(name: &str, fields: &[(&str, Value)]) -> Member {
        let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        Member {
            node: NodeNo::MAX,
            kind: Kind::Dataset,
            key: Key::text(name),
            name: format!("dataset:{name}"),
            id: Hash::of(name.as_bytes()),
            revision: Some(Hash::of(&[1])),
            fields: fields.collect(),
            sealed: BTreeSet::new(),
        }
    }

    /// The description of the first, derived from the others.
    fn described(members: Vec<Member>) -> Json {
        let edges = (1..members.len()).map(|from| (0, Relation::DerivedFrom, from)).collect();
        write(&Closure { members, edges, root: 0, commit: 1, recorded: 0 }, &|| true).unwrap()
    }

    fn sha256(of: &str) -> [(&'static str, Value); 2] {
        let digest = Hash::of(of.as_bytes()).to_string();
        [("digest", Value::text(digest)), ("digest_kind", Value::text("sha256"))]
    }

    #[test]
    fn two_files_of_one_name_are_two_and_one_that_is_there_twice_is_one() {
        let file = |key: &str, of: &str| {
            data(key, &[&sha256(of)[..], &[("name", Value::text("part.csv"))]].concat())
        };
        let told =
            described(vec![file("whole", "0"), file("a", "1"), file("b", "2"), file("a", "1")]);
        let files = told["distribution"].as_array().unwrap();
        let ids: BTreeSet<&str> = files.iter().filter_map(|it| it["@id"].as_str()).collect();
        assert_eq!((files.len(), ids.len()), (3, 3), "{told:#}");
        assert!(
            files.iter().all(|it| it["name"] == "part.csv" && it["encodingFormat"] == "text/csv")
        );
        assert_eq!(files[1]["sha256"], Hash::of(b"1").to_string());
    }

    #[test]
    fn a_file_without_a_digest_that_the_form_knows_is_none_and_its_columns_hang_on_nothing() {
        let schema = ("schema", Value::text(r#"[{"name": "age", "type": "long"}]"#));
        let with =
            described(vec![data("x", &[&sha256("x")[..], std::slice::from_ref(&schema)].concat())]);
        let field = &with["recordSet"][0]["field"][0];
        assert_eq!(
            (&field["dataType"], &field["source"]["extract"]["column"]),
            (&json!("sc:Integer"), &json!("age"))
        );
        assert_eq!(field["source"]["fileObject"]["@id"], with["distribution"][0]["@id"]);
        let weak =
            [("digest", Value::text("abc")), ("digest_kind", Value::text("dvc-md5.dir")), schema];
        let without = described(vec![data("x", &weak)]);
        assert_eq!(without["distribution"], json!([]));
        assert!(without.get("recordSet").is_none(), "{without:#}");
    }

    #[test]
    fn what_nobody_recorded_is_absent_and_personal_data_is_told_where_it_is_declared() {
        let bare = described(vec![data("x", &[])]);
        for name in ["license", "version", "dateModified", "rai:personalSensitiveInformation"] {
            assert!(bare.get(name).is_none(), "{name}: {bare:#}");
        }
        assert!(bare["url"].as_str().unwrap().starts_with("urn:"), "{}", bare["url"]);
        let full = [
            ("license", Value::text("CC-BY-4.0")),
            ("version", Value::text("1.2.3")),
            ("uri", Value::text("https://bank.example/loans")),
            ("personal_data", Value::Bool(true)),
            ("collection_method", Value::text("branch forms")),
        ];
        let told = described(vec![data("x", &full)]);
        assert_eq!((&told["license"], &told["version"]), (&json!("CC-BY-4.0"), &json!("1.2.3")));
        assert_eq!(told["url"], "https://bank.example/loans");
        assert_eq!(
            told["rai:personalSensitiveInformation"][0],
            "recorded as holding personal data"
        );
        assert_eq!(told["rai:dataCollection"], "branch forms");
        let none = described(vec![data(
            "x",
            &[("personal_data", Value::Bool(false)), ("version", Value::text("7"))],
        )]);
        assert!(
            none.get("version").is_none() && none.get("rai:personalSensitiveInformation").is_none()
        );
    }
}
