//! An event as its members say it, checked; what is wrong is said without quoting values.

use serde_json::{Map, Value};

/// An object of JSON.
pub(super) type Object = Map<String, Value>;

/// Longest namespace, name or version, in bytes: they stand in keys.
const NAME_BYTES_MAX: usize = 4_096;
/// Most inputs or outputs of one event: each is an edge of a record.
const DATASETS_MAX: usize = 10_000;
/// Where the groups of a UUID end.
const UUID_DASHES: [usize; 4] = [8, 13, 18, 23];

/// Which event of a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum EventType {
    Start,
    Running,
    Complete,
    Abort,
    Fail,
    Other,
}

impl EventType {
    const ALL: [(&'static str, EventType); 6] = [
        ("START", EventType::Start),
        ("RUNNING", EventType::Running),
        ("COMPLETE", EventType::Complete),
        ("ABORT", EventType::Abort),
        ("FAIL", EventType::Fail),
        ("OTHER", EventType::Other),
    ];

    /// The form of what such an event says of its run.
    pub(super) fn form(self) -> &'static str {
        match self {
            EventType::Start => "openlineage-start",
            EventType::Running => "openlineage-running",
            EventType::Complete => "openlineage-complete",
            EventType::Abort => "openlineage-abort",
            EventType::Fail => "openlineage-fail",
            EventType::Other => "openlineage-other",
        }
    }

    /// What it says of the run's end, in the schema's words.
    pub(super) fn status(self) -> Option<&'static str> {
        match self {
            EventType::Complete => Some("FINISHED"),
            EventType::Fail => Some("FAILED"),
            EventType::Abort => Some("KILLED"),
            EventType::Start | EventType::Running | EventType::Other => None,
        }
    }
}

/// A job, or the parent's.
#[derive(Clone, Copy, Debug)]
pub(super) struct Job<'e> {
    pub(super) namespace: &'e str,
    pub(super) name: &'e str,
    pub(super) facets: Option<&'e Object>,
}

/// A dataset, maybe as an input or output.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dataset<'e> {
    pub(super) namespace: &'e str,
    pub(super) name: &'e str,
    /// Of the facet `version`; empty where there is none.
    pub(super) version: &'e str,
    pub(super) facets: Option<&'e Object>,
    /// `inputFacets` or `outputFacets`: of this use of it.
    pub(super) of_use: Option<&'e Object>,
}

/// A run.
#[derive(Clone, Debug)]
pub(super) struct Run<'e> {
    /// In lower case.
    pub(super) id: String,
    pub(super) event: EventType,
    pub(super) facets: Option<&'e Object>,
    /// The run that this one is part of, and its job where the facet names one.
    pub(super) parent: Option<(String, Option<Job<'e>>)>,
}

/// An event.
#[derive(Clone, Debug)]
pub(super) struct Event<'e> {
    /// ns since 1970.
    pub(super) time: i64,
    pub(super) producer: Option<&'e str>,
    pub(super) run: Option<Run<'e>>,
    pub(super) job: Option<Job<'e>>,
    /// Of a dataset's own event.
    pub(super) dataset: Option<Dataset<'e>>,
    pub(super) inputs: Vec<Dataset<'e>>,
    pub(super) outputs: Vec<Dataset<'e>>,
}

/// Reads an event.
///
/// # Errors
/// What is wrong, and what was expected.
pub(super) fn event(event: &Value) -> Result<Event<'_>, String> {
    let Value::Object(event) = event else {
        return Err("an event of OpenLineage is a JSON object".to_owned());
    };
    let expected = "a time of RFC 3339 with its offset was expected, 2025-11-03T14:00:00Z";
    let time = match event.get("eventTime") {
        Some(Value::String(text)) => text
            .parse::<jiff::Timestamp>()
            .ok()
            .and_then(|time| i64::try_from(time.as_nanosecond()).ok())
            .ok_or_else(|| format!("`eventTime` cannot be read: {expected}"))?,
        _ => return Err(format!("`eventTime` is missing: {expected}")),
    };
    let member = |name: &str| event.get(name).filter(|value| !value.is_null());
    let of_run = member("run").map(|run| self::run(run, member("eventType"))).transpose()?;
    let of_job = member("job").map(|it| job(it, "job")).transpose()?;
    let of_dataset = member("dataset").map(|it| dataset(it, "dataset", "")).transpose()?;
    match (&of_run, &of_job, &of_dataset) {
        (Some(_), Some(_), _) | (None, Some(_), None) | (None, None, Some(_)) => {}
        (Some(_), None, _) => return Err("`job` is missing beside `run`".to_owned()),
        (None, Some(_), Some(_)) => {
            return Err("`dataset` and `job` stand in one event: it is of one of them".to_owned());
        }
        (None, None, None) => {
            return Err(
                "neither `run` with `job`, nor `job`, nor `dataset`: it is no event of OpenLineage"
                    .to_owned(),
            );
        }
    }
    Ok(Event {
        time,
        producer: member("producer").and_then(Value::as_str),
        run: of_run,
        job: of_job,
        dataset: of_dataset,
        inputs: datasets(member("inputs"), "inputs", "inputFacets")?,
        outputs: datasets(member("outputs"), "outputs", "outputFacets")?,
    })
}

fn run<'e>(run: &'e Value, event: Option<&'e Value>) -> Result<Run<'e>, String> {
    let event = match event {
        None => EventType::Other,
        Some(word) => {
            let known = EventType::ALL.into_iter().find(|(name, _)| word.as_str() == Some(*name));
            known.map(|(_, event)| event).ok_or(
                "`eventType` is unknown: START, RUNNING, COMPLETE, ABORT, FAIL or OTHER was expected",
            )?
        }
    };
    let id = run.get("runId").and_then(uuid);
    let id = id.ok_or("`run.runId` is no UUID: 8-4-4-4-12 hexadecimal digits were expected")?;
    let facets = facets(run, "facets", "run")?;
    let parent = facets.and_then(|facets| facets.get("parent"));
    let parent = parent.and_then(|parent| {
        let id = parent.get("run")?.get("runId").and_then(uuid)?;
        Some((id, parent.get("job").and_then(|it| job(it, "job").ok())))
    });
    Ok(Run { id, event, facets, parent })
}

fn uuid(id: &Value) -> Option<String> {
    let id = id.as_str()?;
    let fits = |(at, byte): (usize, u8)| match UUID_DASHES.contains(&at) {
        true => byte == b'-',
        false => byte.is_ascii_hexdigit(),
    };
    (id.len() == 36 && id.bytes().enumerate().all(fits)).then(|| id.to_ascii_lowercase())
}

fn job<'e>(job: &'e Value, at: &str) -> Result<Job<'e>, String> {
    Ok(Job {
        namespace: name(job, "namespace", at)?,
        name: name(job, "name", at)?,
        facets: facets(job, "facets", at)?,
    })
}

fn datasets<'e>(
    list: Option<&'e Value>,
    at: &str,
    of_use: &str,
) -> Result<Vec<Dataset<'e>>, String> {
    let Some(list) = list else { return Ok(Vec::new()) };
    let list = list.as_array().ok_or_else(|| format!("`{at}` is no list of datasets"))?;
    if list.len() > DATASETS_MAX {
        return Err(format!("`{at}` has more than {DATASETS_MAX} datasets"));
    }
    let read = |(number, it)| dataset(it, &format!("{at}[{number}]"), of_use);
    list.iter().enumerate().map(read).collect()
}

fn dataset<'e>(dataset: &'e Value, at: &str, of_use: &str) -> Result<Dataset<'e>, String> {
    let all = facets(dataset, "facets", at)?;
    let version = all.and_then(|all| all.get("version")?.get("datasetVersion")?.as_str());
    let version = version.unwrap_or_default();
    if version.len() > NAME_BYTES_MAX {
        return Err(format!("the version of `{at}` has more than {NAME_BYTES_MAX} bytes"));
    }
    Ok(Dataset {
        namespace: name(dataset, "namespace", at)?,
        name: name(dataset, "name", at)?,
        version,
        facets: all,
        of_use: if of_use.is_empty() { None } else { facets(dataset, of_use, at)? },
    })
}

fn name<'e>(of: &'e Value, member: &str, at: &str) -> Result<&'e str, String> {
    match of.get(member).and_then(Value::as_str) {
        Some(text) if text.trim().is_empty() => Err(format!("`{at}.{member}` is empty")),
        Some(text) if text.len() > NAME_BYTES_MAX => {
            Err(format!("`{at}.{member}` has more than {NAME_BYTES_MAX} bytes"))
        }
        Some(text) => Ok(text),
        None => Err(format!("`{at}.{member}` is missing: a text was expected")),
    }
}

fn facets<'e>(of: &'e Value, member: &str, at: &str) -> Result<Option<&'e Object>, String> {
    match of.get(member) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(facets)) => Ok(Some(facets)),
        Some(_) => Err(format!("`{at}.{member}` is no JSON object")),
    }
}
