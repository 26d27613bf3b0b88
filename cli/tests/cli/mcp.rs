//! `lineal mcp` and `/mcp`: the protocol's messages as they travel, and the protocol's own client.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that cannot prepare its data has failed")]

use crate::program::{ARCHIVE, DATABASE, Folder, HASH};
use crate::python::{python, serving};
use crate::serve::Serving;
use serde_json::{Value as Json, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Stdio};

/// What is asked of both, in this order; each gives one answer.
fn requests() -> Vec<Json> {
    let call = |id: u64, tool: &str, arguments: Json| {
        let params = json!({ "name": tool, "arguments": arguments });
        json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params })
    };
    let dataset = "find dataset upstream of inference:$hash";
    let wide = "find inference as a, inference as b return a, b, a.event_id as x, b.event_id as y";
    vec![
        json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/list" }),
        json!({ "jsonrpc": "2.0", "id": 3, "method": "resources/read",
                "params": { "uri": "lineal://schema" } }),
        call(4, "query", json!({ "query": dataset, "params": { "hash": HASH } })),
        call(5, "query", json!({ "query": "find inference return it", "rows": 7 })),
        call(6, "query", json!({ "query": "find modle" })),
        call(7, "trace", json!({ "target": HASH })),
        call(8, "trace", json!({ "target": "model:nobody@9" })),
        call(9, "explain", json!({ "query": "find model" })),
        call(10, "schema", json!({})),
        call(11, "query", json!({ "query": wide, "rows": 200 })),
        call(12, "query", json!({ "query": "find model", "row": 1 })),
        call(13, "drop", json!({})),
    ]
}

fn initialize() -> Json {
    let params = json!({
        "protocolVersion": "2025-06-18", "capabilities": {},
        "clientInfo": { "name": "test", "version": "0" },
    });
    json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params })
}

/// The tools that are offered over standard input, in their order.
const TOOLS: [&str; 14] = [
    "query",
    "trace",
    "prove",
    "schema",
    "holds",
    "erasures",
    "checkpoint",
    "explain",
    "check",
    "gate",
    "report",
    "records",
    "pack",
    "export",
];

/// Those of them that are offered to an investigator.
fn tools_of_investigator() -> Vec<&'static str> {
    TOOLS.into_iter().filter(|tool| !["holds", "erasures", "pack"].contains(tool)).collect()
}

/// Looks at the answers to [`requests`], of one to whom these tools are offered.
fn look(answers: &[Json], offered: &[&str]) {
    let text = |id: u64| {
        let answer = answers.iter().find(|answer| answer["id"] == id);
        let answer = answer.unwrap_or_else(|| panic!("no answer to {id}: {answers:?}"));
        let result = &answer["result"];
        let text = result["content"][0]["text"].as_str().unwrap_or_default().to_owned();
        (text, result["isError"] == true)
    };
    let parsed = |id: u64| -> Json {
        let (text, is_error) = text(id);
        assert!(!is_error, "{id}: {text}");
        serde_json::from_str(&text).unwrap_or_else(|e| panic!("{id}: {e}: {text}"))
    };
    let tools = answers[0]["result"]["tools"].as_array().unwrap();
    let names: Vec<&str> = tools.iter().filter_map(|tool| tool["name"].as_str()).collect();
    assert_eq!(names, offered);
    assert!(tools.iter().all(|tool| tool["annotations"]["readOnlyHint"] == true));
    let card = answers[1]["result"]["contents"][0]["text"].as_str().unwrap();
    assert!(card.contains("find") && tools[0]["description"].as_str().unwrap().contains(card));
    let datasets = parsed(4);
    assert_eq!(
        (&datasets["total"], &datasets["completeness"]["state"]),
        (&json!(2), &json!("complete"))
    );
    let events = parsed(5);
    assert_eq!((events["rows"].as_array().unwrap().len(), &events["total"]), (7, &json!(300)));
    assert!(events["next"].is_string());
    let (wrong, is_error) = text(6);
    assert!(is_error && wrong.contains("\"replacement\":\"model\""), "{wrong}");
    let trace = parsed(7);
    assert!(!trace["training_data"].as_array().unwrap().is_empty() && trace["nodes"].is_null());
    let (absent, is_error) = text(8);
    assert!(is_error && absent.contains("nothing is called"), "{absent}");
    assert!(!parsed(9)["rows"].as_array().unwrap().is_empty());
    assert_eq!(text(10).0, card);
    let wide = parsed(11);
    let rows = wide["rows"].as_array().unwrap().len() as u64;
    assert_eq!(
        (&wide["total"], &wide["next"]),
        (&json!(90_000), &Json::Null),
        "rows would be lost"
    );
    assert!(wide["shortened"]["of"]["rows"].as_u64().unwrap() > rows && rows > 10);
    let (misspelt, is_error) = text(12);
    assert!(is_error && misspelt.contains("`row`"), "{misspelt}");
    assert!(answers.last().unwrap()["error"]["message"].as_str().unwrap().contains("no such tool"));
}

/// `lineal mcp`, spoken to line by line.
struct Speaking {
    child: Child,
    out: BufReader<ChildStdout>,
}

impl Speaking {
    fn say(&mut self, message: &Json) {
        writeln!(self.child.stdin.as_mut().unwrap(), "{message}").unwrap();
    }

    fn hear(&mut self) -> Json {
        let mut line = String::new();
        self.out.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line}"))
    }
}

#[test]
fn messages_over_standard_input_are_answered_and_the_end_of_it_ends_it() {
    let folder = Folder::with(&[DATABASE, ARCHIVE]);
    let mut child = folder.command(&["mcp"]).stdin(Stdio::piped()).spawn().unwrap();
    let out = BufReader::new(child.stdout.take().unwrap());
    let mut speaking = Speaking { child, out };
    speaking.say(&initialize());
    let hello = speaking.hear();
    assert_eq!(hello["result"]["serverInfo"]["name"], "lineal");
    assert!(hello["result"]["instructions"].as_str().unwrap().contains("cannot_tell"));
    speaking.say(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }));
    let mut answers = Vec::new();
    for request in requests() {
        speaking.say(&request);
        answers.push(speaking.hear());
    }
    look(&answers, &TOOLS);
    // Here nothing is kept back: whoever starts it has the files.
    let asked = |query: &str| json!({ "query": query });
    for (tool, arguments) in [
        ("query", asked("find inference return input_hash limit 1")),
        ("query", asked("find access as a return a.what, a.role")),
        ("holds", json!({})),
        ("erasures", json!({})),
        ("report", json!({ "kind": "annex-iv", "target": "CREDIT-RISK-EU-001" })),
    ] {
        let params = json!({ "name": tool, "arguments": arguments });
        let call = json!({ "jsonrpc": "2.0", "id": 20, "method": "tools/call", "params": params });
        speaking.say(&call);
        let said = speaking.hear();
        assert!(said["result"].is_object(), "{tool}: {said}");
        assert!(!said["result"]["isError"].as_bool().unwrap_or(false), "{tool}: {said}");
    }
    drop(speaking.child.stdin.take());
    assert_eq!(speaking.child.wait().unwrap().code(), Some(0));
}

#[test]
fn what_is_restricted_is_not_asked_for_over_standard_input() {
    let run = Folder::with(&[DATABASE]).run(&["mcp", "--restricted"]);
    assert!(run.code == 2 && run.err.contains("leave --restricted out"), "{run:?}");
}

fn post(serving: &Serving, token: &str, case: &str, message: &Json) -> (u16, String) {
    post_to("/mcp", serving, token, case, message)
}

fn post_to(
    path: &str,
    serving: &Serving,
    token: &str,
    case: &str,
    message: &Json,
) -> (u16, String) {
    let body = message.to_string();
    let mut stream = TcpStream::connect(&serving.address).unwrap();
    write!(
        stream,
        "POST {path} HTTP/1.1\r\nHost: lineage.example.org\r\nAuthorization: Bearer {token}\r\nLineal-Case: {case}\r\n\
         Content-Type: application/json\r\nAccept: application/json, text/event-stream\r\n\
         MCP-Protocol-Version: 2025-06-18\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let status = text.split(' ').nth(1).unwrap().parse().unwrap();
    (status, text.split_once("\r\n\r\n").unwrap().1.to_owned())
}

#[test]
fn messages_over_http_pass_the_gate_and_are_answered() {
    let (folder, serving, token) = serving();
    let ask = |message: &Json| {
        let (status, body) = post(&serving, &token, "2026-17", message);
        assert_eq!(status, 200, "{body}");
        let answer: Json = serde_json::from_str(&body).unwrap_or_else(|e| panic!("{e}: {body}"));
        answer
    };
    assert_eq!(ask(&initialize())["result"]["serverInfo"]["name"], "lineal");
    look(&requests().iter().map(ask).collect::<Vec<_>>(), &tools_of_investigator());
    // Whoever may not ask otherwise may not ask so.
    let first = &requests()[2];
    assert_eq!(post(&serving, "lineal_wrong", "2026-17", first).0, 401);
    assert_eq!(post(&serving, &token, "", first).0, 403, "the role reads within a case");
    let made = ["token", "create", "--role", "engineer", "--name", "ada"];
    let engineer = folder.done(&made).out.trim().to_owned();
    let speaks = json!({ "query": "find inference return input_hash limit 1" });
    let params = json!({ "name": "query", "arguments": speaks });
    let speaks = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params });
    let mut kept = (401, String::new());
    for _ in 0..200 {
        kept = post(&serving, &engineer, "x", &speaks);
        if kept.0 != 401 {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert!(kept.0 == 200 && kept.1.contains("person's data"), "{kept:?}");
    let elsewhere = post_to("/mcp?store=nobody", &serving, &engineer, "x", &speaks);
    assert!(elsewhere.1.contains("no store of that name"), "{elsewhere:?}");
    serving.end();
}

/// Talks to both with the protocol's own client, and prints what came.
const OFFICIAL: &str = r#"
import asyncio, json, os, sys
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client

async def talk(read, write):
    async with ClientSession(read, write) as session:
        await session.initialize()
        tools = [tool.name for tool in (await session.list_tools()).tools]
        asked = {"query": "find dataset upstream of inference:$hash", "params": {"hash": sys.argv[1]}}
        answer = await session.call_tool("query", asked)
        trace = await session.call_tool("trace", {"target": sys.argv[1]})
        card = await session.read_resource("lineal://schema")
        wrong = await session.call_tool("query", {"query": "find modle"})
        return {
            "tools": tools,
            "total": json.loads(answer.content[0].text)["total"],
            "recorded": json.loads(trace.content[0].text)["recorded"],
            "card": len(card.contents[0].text),
            "wrong": "model" in wrong.content[0].text,
        }

async def main():
    here = StdioServerParameters(command=sys.argv[2], args=["mcp", "--store", sys.argv[3]])
    async with stdio_client(here) as (read, write):
        told = [await talk(read, write)]
    headers = {"Authorization": "Bearer " + os.environ["TOKEN"], "Lineal-Case": "2026-17"}
    import httpx2 as http
    async with http.AsyncClient(headers=headers) as client:
        async with streamable_http_client(sys.argv[4], http_client=client) as streams:
            told.append(await talk(streams[0], streams[1]))
    print(json.dumps(told))

asyncio.run(main())
"#;

#[test]
fn the_official_client_is_answered_on_both_ways() {
    let Some(python) = python("the official MCP client", &["mcp", "httpx2"]) else { return };
    let (folder, serving, token) = serving();
    let store = folder.path().join(".lineal").display().to_string();
    let url = format!("http://{}/mcp", serving.address);
    let output = std::process::Command::new(python)
        .args(["-c", OFFICIAL, HASH, env!("CARGO_BIN_EXE_lineal"), &store, &url])
        .env("TOKEN", token)
        .output()
        .unwrap();
    serving.end();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let told: Json = serde_json::from_str(&said).unwrap();
    assert_eq!(told[0]["tools"], json!(TOOLS));
    assert_eq!(told[1]["tools"], json!(tools_of_investigator()));
    for way in told.as_array().unwrap() {
        assert_eq!((&way["total"], &way["recorded"]), (&json!(2), &json!(true)));
        assert!(way["card"].as_u64().unwrap() > 1_000 && way["wrong"] == true, "{way}");
    }
    assert_eq!(told[0]["card"], told[1]["card"]);
}
