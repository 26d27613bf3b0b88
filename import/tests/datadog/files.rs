//! Files as they come: compressed, cut, damaged, wrapped, hostile.

use std::io::Write;

use lineal_engine::event_fields::EventField;
use lineal_import::datadog::{
    Compression, DEPTH_MAX, DamageKind, Error, EventLine, LINE_MAX, LineSink, Shape, translate,
};
use lineal_import::record::{EventSink, EventValue};

use crate::keeper::{Kept, built_in, read_bytes};

fn line(id: u64) -> String {
    format!(
        r#"{{"_id":"L{id}","date":"2025-11-03T14:00:00.000Z","attributes":{{"art12":{{"event_id":"E{id}","model":{{"name":"m","version":"1"}}}}}}}}"#
    )
}

fn lines(ids: std::ops::Range<u64>) -> String {
    ids.map(|id| line(id) + "\n").collect()
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(text).expect("memory");
    encoder.finish().expect("memory")
}

fn zstd(text: &[u8]) -> Vec<u8> {
    zstd::encode_all(text, 3).expect("memory")
}

#[test]
fn gzip_members_follow_one_another_and_zeros_may_pad_the_end() {
    let mut file = gzip(lines(0..10).as_bytes());
    file.extend(gzip(b""));
    file.extend(gzip(lines(10..15).as_bytes()));
    file.extend([0; 700]);
    let (report, events) = read_bytes(&file);
    assert_eq!(events.len(), 15);
    assert_eq!(report.compression, Compression::Gzip);
    assert_eq!(report.damage, None);
    assert_eq!(report.size, file.len() as u64);
    assert_eq!(report.blake3, *blake3::hash(&file).as_bytes());
}

#[test]
fn zstd_frames_follow_one_another() {
    let mut file = zstd(lines(0..10).as_bytes());
    file.extend(zstd(lines(10..12).as_bytes()));
    let (report, events) = read_bytes(&file);
    assert_eq!(events.len(), 12);
    assert_eq!(report.compression, Compression::Zstd);
    assert_eq!(report.blake3, *blake3::hash(&file).as_bytes());
    assert_eq!(events[10].line.number, 11);
}

#[test]
fn a_truncated_file_gives_its_whole_lines_and_says_where_it_ends() {
    let text = lines(0..5_000);
    for (file, compression) in
        [(gzip(text.as_bytes()), Compression::Gzip), (zstd(text.as_bytes()), Compression::Zstd)]
    {
        let cut = &file[..file.len() / 2];
        let (report, events) = read_bytes(cut);
        let damage = report.damage.expect("damaged");
        assert_eq!(damage.kind, DamageKind::Truncated(compression));
        assert_eq!(damage.stored_byte, cut.len() as u64);
        assert_eq!(damage.whole_lines, events.len() as u64);
        assert!(events.len() > 100 && events.len() < 5_000, "{}", events.len());
        let read: usize = (0..damage.whole_lines).map(|id| line(id).len() + 1).sum();
        assert_eq!(damage.byte, read as u64, "the byte behind the last whole line");
        assert_eq!(report.rejected, 0, "the half line is part of the damage");
        assert_eq!(report.size, cut.len() as u64);
        assert_eq!(report.blake3, *blake3::hash(cut).as_bytes());
    }
}

#[test]
fn a_file_cut_after_a_few_lines_gives_those() {
    let mut file = gzip(lines(0..3).as_bytes());
    file.truncate(file.len() - 4);
    let (report, events) = read_bytes(&file);
    assert_eq!(events.len(), 3);
    let message = report.damage.expect("damaged").to_string();
    let size = file.len();
    assert_eq!(
        message,
        format!(
            "file ends at byte {size} in the middle of its gzip data; the 3 whole lines before \
             were read; fetch the file again, or keep what was read"
        )
    );
}

#[test]
fn a_flipped_byte_and_trailing_bytes_are_damage() {
    let mut file = gzip(lines(0..5_000).as_bytes());
    let last = file.len() - 6;
    file[last] ^= 0x40;
    let (report, events) = read_bytes(&file);
    assert_eq!(events.len(), 5_000);
    let kind = report.damage.expect("damaged").kind;
    assert_eq!(kind, DamageKind::Corrupt(Compression::Gzip), "the checksum speaks at the end");

    let mut file = gzip(lines(0..2).as_bytes());
    file.extend(b"and more");
    let (report, events) = read_bytes(&file);
    assert_eq!(events.len(), 2);
    assert_eq!(report.damage.expect("damaged").kind, DamageKind::Trailing);
    assert_eq!(report.blake3, *blake3::hash(&file).as_bytes());
}

#[test]
fn a_bomb_is_stopped() {
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).expect("memory");
    let blanks = vec![b'\n'; 1 << 20];
    for _ in 0..600 {
        encoder.write_all(&blanks).expect("memory");
    }
    let (report, _) = read_bytes(&encoder.finish().expect("memory"));
    let damage = report.damage.expect("stopped");
    assert_eq!(damage.kind, DamageKind::Bomb);
    assert!(report.decompressed < 300 << 20);
}

#[test]
fn blank_lines_marks_and_carriage_returns_are_passed_over() {
    let text = format!("\u{feff}{}\r\n\r\n  \n{}\r\n{}", line(1), line(2), line(3));
    let (report, events) = read_bytes(text.as_bytes());
    assert_eq!(report.lines, 3);
    let places: Vec<_> = events.iter().map(|event| (event.line.number, event.line.byte)).collect();
    let length = line(1).len() as u64;
    assert_eq!(places, [(1, 3), (4, 3 + length + 2 + 2 + 3), (5, 3 + 2 * length + 2 + 2 + 3 + 2)]);
    assert_eq!(events[2].get(EventField::Line), Some(&Kept::Int(5)));
}

#[test]
fn a_line_that_is_too_long_is_rejected_and_the_next_is_read() {
    for more in [0, 1, 1 << 20, 3 << 20] {
        let padding = "x".repeat(LINE_MAX - line(1).len() - 7 + more);
        let long = line(1).replacen('{', &format!("{{\"p\":\"{padding}\","), 1);
        assert_eq!(long.len(), LINE_MAX + more);
        let text = format!("{}\n{long}\n{}\n{long}", line(0), line(2));
        let (report, events) = read_bytes(text.as_bytes());
        assert_eq!(report.lines, 4);
        if more == 0 {
            assert_eq!(events.len(), 4, "exactly the longest line");
            continue;
        }
        assert_eq!(events.len(), 2, "{more}");
        assert_eq!(report.rejected, 2);
        let at = &report.rejects[0].at;
        assert_eq!((at.line, at.byte), (2, line(0).len() as u64 + 1));
        assert_eq!(report.rejects[1].at.line, 4);
        assert!(report.rejects[0].reason.starts_with("the line is longer than 1048576 bytes"));
        assert_eq!(events[1].line.number, 3);
    }
}

#[test]
fn a_broken_line_does_not_stop_the_others() {
    let deep = "[".repeat(DEPTH_MAX + 1);
    let bytes = [
        line(0).as_bytes(),
        b"\n{\"_id\":\n\xff\xfe\n17\n",
        deep.as_bytes(),
        b"\n",
        line(1).as_bytes(),
    ]
    .concat();
    let (report, events) = read_bytes(&bytes);
    assert_eq!(events.len(), 2);
    let reasons: Vec<_> =
        report.rejects.iter().map(|reject| (reject.at.line, reject.reason.as_str())).collect();
    assert_eq!(
        reasons,
        [
            (2, "the line is no whole JSON value: it ends at byte 7: expected a value"),
            (3, "the line is not UTF-8"),
            (4, "the line is no JSON object, as a log line is"),
            (
                5,
                "the line is no whole JSON value: it breaks at byte 64: expected at most 64 \
                 levels of nesting"
            ),
        ]
    );
}

#[test]
fn an_array_gives_its_items_with_their_bytes() {
    let text = format!(" [\n{} ,\n  {}\n]\n", line(0), line(1));
    let (report, events) = read_bytes(text.as_bytes());
    assert_eq!(report.shape, Shape::Array);
    assert_eq!(events.len(), 2);
    assert_eq!(events[1].line.number, 2);
    let byte = usize::try_from(events[1].line.byte).expect("small");
    assert!(text[byte..].starts_with("{\"_id\":\"L1\""));
    for (text, kind, count) in [
        (format!("[{},{}", line(0), line(1)), DamageKind::Unclosed(Shape::Array), 2),
        (format!("[{},{{\"a\":", line(0)), DamageKind::Unclosed(Shape::Array), 1),
        (format!("[{}{}]", line(0), line(1)), DamageKind::Structure(Shape::Array), 1),
        (format!("[{}] {}", line(0), line(1)), DamageKind::Structure(Shape::Array), 1),
        (format!("[{},17]", line(0)), DamageKind::Structure(Shape::Array), 1),
    ] {
        let (report, events) = read_bytes(text.as_bytes());
        assert_eq!(report.damage.map(|damage| damage.kind), Some(kind), "{text}");
        assert_eq!(events.len(), count, "{text}");
    }
    let (report, _) = read_bytes(b"[]");
    assert_eq!((report.lines, report.damage), (0, None));
}

#[test]
fn an_item_that_is_too_long_is_rejected_and_the_next_is_read() {
    let long = format!("{{\"p\":\"{}\"}}", "\\\"}]".repeat(1 << 19));
    let text = format!("[{},{long},{}]", line(0), line(1));
    let (report, events) = read_bytes(text.as_bytes());
    assert_eq!((report.lines, events.len(), report.rejected), (3, 2, 1));
    assert_eq!(report.rejects[0].at.line, 2);
    assert_eq!(report.damage, None);
}

fn api(id: u64) -> String {
    format!(
        r#"{{"type":"log","id":"L{id}","attributes":{{"timestamp":"2025-11-03T14:00:00Z","service":"s","attributes":{{"art12":{{"event_id":"E{id}","model":{{"name":"m"}}}}}}}}}}"#
    )
}

#[test]
fn pages_follow_one_another_on_lines_or_over_several() {
    let text = format!(
        "{{\"meta\":{{\"page\":{{\"after\":\"]}}\"}}}},\"data\":[{},{}]}}\n{{\"data\":[]}}\n\
         {{ \"data\" : [\n  {}\n ],\n \"links\": {{\"next\": null}} }}\n",
        api(0),
        api(1),
        api(2)
    );
    let (report, events) = read_bytes(text.as_bytes());
    assert_eq!(report.shape, Shape::Pages);
    assert_eq!(report.damage, None);
    assert_eq!(report.next_page, None, "the last page names no other");
    assert_eq!(events.len(), 3);
    assert_eq!(events[2].text(EventField::LogId), Some("L2"));
    assert_eq!(events[2].text(EventField::Service), Some("s"));
    assert_eq!(events[2].line.number, 3);
    assert_eq!(events[2].get(EventField::Rest), None, "nothing is left over");
    for (cut, count) in [(text.len() - 5, 3), (text.len() / 2, 1)] {
        let (report, events) = read_bytes(&text.as_bytes()[..cut]);
        let kind = report.damage.map(|damage| damage.kind);
        assert_eq!(kind, Some(DamageKind::Unclosed(Shape::Pages)));
        assert_eq!(events.len(), count);
    }
    let cut = format!("{{\"data\":[{}],\"meta\":{{\"page\":{{\"after\":\"eyJ\"}}}}}}", api(0));
    assert_eq!(read_bytes(cut.as_bytes()).0.next_page, Some("meta.page.after"));
    let lines = format!("{}\n{}\n", api(0), api(1));
    let (report, events) = read_bytes(lines.as_bytes());
    assert_eq!((report.shape, events.len()), (Shape::Lines, 2), "the API's logs as lines");
}

/// Gives one byte at a time and fails at the end.
struct Drip<'a>(&'a [u8]);

impl std::io::Read for Drip<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let Some((byte, rest)) = self.0.split_first() else {
            return Err(std::io::Error::other("the cable was pulled"));
        };
        buffer[0] = *byte;
        self.0 = rest;
        Ok(1)
    }
}

/// Counts events and stops when it has enough.
struct Counter {
    events: u64,
    enough: u64,
}

impl EventSink for Counter {
    fn set(&mut self, _: EventField, _: EventValue<'_>) {}
    fn set_person(&mut self, _: EventField, _: &str) {}
    fn end_event(&mut self) {
        self.events += 1;
    }
}

impl LineSink for Counter {
    fn begin_event(&mut self, _: &EventLine) {}
    fn stopped(&self) -> bool {
        self.events >= self.enough
    }
}

#[test]
fn a_failing_disk_is_an_error_and_not_damage() {
    let file = gzip(lines(0..3).as_bytes());
    for input in [&file[..file.len() - 1], lines(0..3).as_bytes()] {
        let mut sink = Counter { events: 0, enough: u64::MAX };
        let mut drip = Drip(input);
        let error = translate(&mut drip, "file", &built_in(), &mut sink, &mut |_| {})
            .expect_err("the disk failed");
        assert!(matches!(error, Error::Read { whole_lines: 3, .. }), "{error:?}");
        assert!(error.to_string().contains("the cable was pulled"));
    }
}

#[test]
fn a_sink_can_stop_the_reading() {
    let text = lines(0..100);
    let mut sink = Counter { events: 0, enough: 7 };
    let mut input = text.as_bytes();
    let mut read = 0;
    let error = translate(&mut input, "file", &built_in(), &mut sink, &mut |bytes| read = bytes)
        .expect_err("stopped");
    assert!(matches!(error, Error::Stopped { whole_lines: 7, .. }));
    assert_eq!(sink.events, 7);
    assert_eq!(read, text.len() as u64, "progress counts stored bytes");
}

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % below as u64).expect("small")
    }
}

#[test]
fn no_damage_to_a_file_makes_the_reader_fail_or_lose_count() {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let message = r#"{"message":"{\"system_id\":\"S\\u00e9\",\"input\":{\"hash\":\"ab\"}}","tags":["env:prod","compliance.art12:true"],"date":"2025-11-03T14:00:00Z"}"#;
    let dotted = r#"{"date":1762178400,"attributes":{"ai.model.name":"m","ai":{"model":{"name":"m"}},"ai.x":[[],{}]}}"#;
    let text = [line(1).as_str(), message, dotted, api(4).as_str()].join("\n");
    let array = format!("[{}]", text.replace('\n', ","));
    let pages = format!("{{\"meta\":{{}},\"data\":[{},{}],\"links\":null}}", api(1), api(2));
    let whole = [
        text.as_bytes().to_vec(),
        array.into_bytes(),
        pages.into_bytes(),
        gzip(text.as_bytes()),
        zstd(text.as_bytes()),
    ];
    let letters = b"\"\\{}[],:0-.\n\x00\xff e";
    let (mut accepted, mut rejected, mut damaged) = (0, 0, 0);
    for round in 0..4_000 {
        let mut file = whole[round % whole.len()].clone();
        for _ in 0..=dice.roll(3) {
            let at = dice.roll(file.len());
            match dice.roll(4) {
                0 => file.truncate(at.max(1)),
                1 => file.insert(at, letters[dice.roll(letters.len())]),
                2 => file[at] = letters[dice.roll(letters.len())],
                _ => {
                    file.remove(at);
                }
            }
            if file.is_empty() {
                break;
            }
        }
        // Checks that the counts add up.
        let (report, _) = read_bytes(&file);
        assert_eq!(report.blake3, *blake3::hash(&file).as_bytes());
        accepted += report.accepted;
        rejected += report.rejected;
        damaged += u64::from(report.damage.is_some());
    }
    assert!(accepted > 1_000 && rejected > 1_000 && damaged > 1_000, "all ends were met");
}
