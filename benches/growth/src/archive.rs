//! A day of events as a log archive: gzip files of JSON lines under `dt=YYYYMMDD/hour=HH/`, in the
//! shape that the harness's generator writes.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use data_encoding::HEXLOWER;
use flate2::Compression;
use flate2::write::GzEncoder;
use rayon::prelude::*;

use crate::Outcome;
use crate::calendar::{DAY, Day, HOUR};
use crate::chance::{Chance, Stream};
use crate::graph::Graph;
use crate::registry::{environment, model_name, system_name};

/// Lines of a file, at most.
const PER_FILE: u64 = 50_000;
/// How often an input was already seen on its day.
const REPEATED: f64 = 0.005;

/// The events of a deployment within an hour.
struct Batch {
    number: u64,
    deployment: usize,
    start: i64,
    first: u64,
    events: u64,
}

/// What was written.
#[derive(Default)]
pub(crate) struct Written {
    pub(crate) files: usize,
    /// Bytes of the lines, and of the files.
    pub(crate) lines: u64,
    pub(crate) packed: u64,
}

/// The hash of an event's input, as a log has it.
pub(crate) fn input_hash(seed: u64, day: &Day, event: u64) -> String {
    let mut chance = Chance::new(seed, Stream::Repeat, event);
    let again = chance.happens(REPEATED);
    let source = if again { day.first + chance.below(day.events) } else { event };
    HEXLOWER.encode(&Chance::new(seed, Stream::Input, source).bytes())
}

/// Writes the archive of a day into a folder.
///
/// # Errors
/// What the medium says.
pub(crate) fn write(graph: &Graph, day: &Day, folder: &Path) -> Outcome<Written> {
    let batches = batches(graph, day);
    let files: Vec<u64> = (0..day.events.div_ceil(PER_FILE)).collect();
    let written: Result<Vec<(u64, u64)>, String> = files
        .par_iter()
        .map(|file| {
            let from = day.first + file * PER_FILE;
            let to = (from + PER_FILE).min(day.first + day.events);
            one_file(graph, day, &batches, (from, to), folder).map_err(|error| error.to_string())
        })
        .collect();
    let written = written?;
    let sum = |part: fn(&(u64, u64)) -> u64| written.iter().map(part).sum();
    Ok(Written { files: written.len(), lines: sum(|one| one.0), packed: sum(|one| one.1) })
}

/// The batches of a day in the order in which they begin, of exponential sizes.
#[expect(clippy::cast_precision_loss, reason = "events of a day are far below 2^52")]
#[expect(clippy::cast_possible_truncation, reason = "as above")]
#[expect(clippy::cast_sign_loss, reason = "shares of a day are positive")]
fn batches(graph: &Graph, day: &Day) -> Vec<Batch> {
    let mut chance = Chance::new(graph.seed, Stream::Day, day.number);
    let (in_use, traffic) = graph.in_use(day.start);
    // The last hour of the day is left out: no batch goes on into the next.
    let mut starts: Vec<(i64, usize)> = (0..day.batches)
        .map(|_| (day.start + chance.millis(DAY - HOUR), in_use[traffic.draw(&mut chance)]))
        .collect();
    starts.sort_unstable();
    let sizes: Vec<f64> = starts.iter().map(|_| chance.exponential() + 0.05).collect();
    let all: f64 = sizes.iter().sum();
    let (mut sum, mut first, mut found) = (0.0, 0, Vec::with_capacity(starts.len()));
    for (number, ((start, deployment), size)) in starts.into_iter().zip(sizes).enumerate() {
        sum += size;
        let last = number as u64 + 1 == day.batches;
        let end = if last { day.events } else { (sum / all * day.events as f64).round() as u64 };
        let number = day.first_batch + number as u64;
        let events = end - first;
        found.push(Batch { number, deployment, start, first: day.first + first, events });
        first = end;
    }
    found
}

/// Bytes of the lines and of the file.
fn one_file(
    graph: &Graph,
    day: &Day,
    batches: &[Batch],
    (from, to): (u64, u64),
    folder: &Path,
) -> Outcome<(u64, u64)> {
    let mut lines = Vec::new();
    let mut begun = None;
    let touched = batches.partition_point(|batch| batch.first + batch.events <= from);
    for batch in batches[touched..].iter().take_while(|batch| batch.first < to) {
        let mut chance = Chance::new(graph.seed, Stream::Batch, batch.number);
        let mut times: Vec<i64> =
            (0..batch.events).map(|_| batch.start + chance.millis(HOUR)).collect();
        times.sort_unstable();
        let about = About::new(graph, batch);
        for (event, time) in (batch.first..).zip(times) {
            if (from..to).contains(&event) {
                begun.get_or_insert(time);
                line(&mut lines, graph.seed, day, (event, time), &about)?;
            }
        }
    }
    let begun = jiff::Timestamp::from_millisecond(begun.unwrap_or(day.start))?;
    let begun = begun.to_zoned(jiff::tz::TimeZone::UTC);
    let folder = folder.join(begun.strftime("dt=%Y%m%d/hour=%H").to_string());
    std::fs::create_dir_all(&folder)?;
    let number = from / PER_FILE + day.number;
    let name = format!("archive_{}.{number:04}.{number:022x}.json.gz", begun.strftime("%H%M%S"));
    let file = BufWriter::new(File::create(folder.join(&name))?);
    let mut packer = GzEncoder::new(file, Compression::new(LEVEL));
    packer.write_all(&lines)?;
    packer.finish()?.into_inner()?.sync_data()?;
    Ok((lines.len() as u64, std::fs::metadata(folder.join(name))?.len()))
}

/// The level of zlib-rs that comes nearest to the harness's archives (level 1 of zlib, 112 bytes an
/// event): 99 bytes, where its own level 1 gives 153.
const LEVEL: u32 = 2;

/// What all lines of a batch say.
struct About {
    batch: u64,
    deployment: usize,
    name: String,
    version: u32,
    system: String,
    environment: &'static str,
}

impl About {
    fn new(graph: &Graph, batch: &Batch) -> About {
        let deployment = &graph.deployments[batch.deployment];
        let version = &graph.versions[deployment.version];
        About {
            batch: batch.number,
            deployment: batch.deployment,
            name: model_name(version.model),
            version: version.number,
            system: system_name(graph.system(version.model)),
            environment: environment(deployment.canary),
        }
    }
}

fn line(
    into: &mut Vec<u8>,
    seed: u64,
    day: &Day,
    (event, time): (u64, i64),
    about: &About,
) -> Outcome {
    let mut chance = Chance::new(seed, Stream::Event, event);
    let confidence = (chance.beta(8, 2) * 1e4).round() / 1e4;
    let overridden = chance.happens(if confidence < 0.55 { 0.32 } else { 0.02 });
    let art12 = chance.happens(0.9);
    let output = HEXLOWER.encode(&Chance::new(seed, Stream::Output, event).bytes());
    let input = input_hash(seed, day, event);
    let date = jiff::Timestamp::from_millisecond(time)?;
    let About { batch, deployment, name, version, system, environment } = about;
    let tag = if art12 { ",\"compliance.art12:true\"" } else { "" };
    writeln!(
        into,
        "{{\"_id\":\"AQ{event:018}\",\"date\":\"{date:.3}\",\"service\":\"{name}\",\
         \"host\":\"i-{deployment:08x}\",\"source\":\"python\",\"status\":\"info\",\
         \"message\":\"inference\",\"tags\":[\"env:{environment}\",\"system:{system}\",\
         \"model_version:{version}\"{tag}],\"attributes\":{{\"event_id\":{event},\"batch_id\":{batch},\
         \"deployment_id\":{deployment},\"model\":{{\"name\":\"{name}\",\"version\":\"{version}\"}},\
         \"input\":{{\"hash\":\"{input}\",\"algorithm\":\"sha256\"}},\
         \"output\":{{\"hash\":\"{output}\"}},\"confidence\":{confidence:?},\
         \"human_override\":{overridden},\"compliance\":{{\"art12\":{art12}}}}}}}"
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs::File;
    use std::io::Read;
    use std::path::Path;

    use flate2::read::GzDecoder;
    use serde_json::Value;

    use super::{PER_FILE, input_hash, write};
    use crate::calendar::stretches;
    use crate::graph::Graph;

    fn read(folder: &Path, into: &mut Vec<(String, Vec<Value>)>) {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                read(&path, into);
                continue;
            }
            let mut text = String::new();
            let file = File::open(&path).expect("a file");
            GzDecoder::new(file).read_to_string(&mut text).expect("gzip");
            let lines = text.lines().map(|line| serde_json::from_str(line).expect("JSON"));
            into.push((path.display().to_string(), lines.collect()));
        }
    }

    #[test]
    fn a_day_has_its_events_once_and_the_shape_of_the_harness() {
        let stretches = stretches(200_000, 120_000);
        let mut graph = Graph::new(1);
        graph.grow(&stretches[0]);
        let day = stretches[0].days[0];
        let folder = tempfile::tempdir().expect("a folder");
        let written = write(&graph, &day, folder.path()).expect("written");
        let mut files = Vec::new();
        read(folder.path(), &mut files);
        assert_eq!(files.len(), written.files);
        assert!(files.iter().all(|(_, lines)| lines.len() as u64 <= PER_FILE));
        let lines: Vec<&Value> = files.iter().flat_map(|(_, lines)| lines).collect();
        let ids: BTreeSet<u64> =
            lines.iter().filter_map(|line| line["attributes"]["event_id"].as_u64()).collect();
        assert!(ids.iter().copied().eq(day.first..day.first + day.events));
        assert_eq!(lines.len(), ids.len());
        // 616 bytes a line and 112 packed in the harness.
        assert!((600..632).contains(&(written.lines / day.events)), "{}", written.lines);
        assert!((90..122).contains(&(written.packed / day.events)), "{}", written.packed);
        let hashes: BTreeSet<&str> =
            lines.iter().filter_map(|line| line["attributes"]["input"]["hash"].as_str()).collect();
        let repeated = lines.len() - hashes.len();
        assert!((400..800).contains(&repeated), "{repeated} inputs again of {}", lines.len());
        for line in lines.iter().take(1_000) {
            let of = &line["attributes"];
            let event = of["event_id"].as_u64().expect("a number");
            assert_eq!(of["input"]["hash"], input_hash(1, &day, event));
            let tags = line["tags"].as_array().expect("a list");
            assert_eq!(tags.len(), if of["compliance"]["art12"] == true { 4 } else { 3 });
            assert_eq!(line["service"], of["model"]["name"]);
            assert_eq!(line["date"].as_str().map(str::len), Some("2023-04-01T00:00:00.000Z".len()));
        }
    }

    #[test]
    fn the_same_day_is_written_again_alike() {
        let stretches = stretches(20_000, 20_000);
        let mut graph = Graph::new(3);
        graph.grow(&stretches[0]);
        let made = || {
            let folder = tempfile::tempdir().expect("a folder");
            write(&graph, &stretches[0].days[0], folder.path()).expect("written");
            let mut files = Vec::new();
            read(folder.path(), &mut files);
            let name = |path: &str| path.rsplit('/').next().map(str::to_owned);
            files.into_iter().map(|(path, lines)| (name(&path), lines)).collect::<Vec<_>>()
        };
        assert_eq!(made(), made());
    }
}
