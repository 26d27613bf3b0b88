//! What holds runs and artifacts: a project, a type or a collection of artifacts, an answer of GraphQL.

use super::super::json::{Object, object, text};
use super::super::paging::{Next, Page};
use super::super::told::Told;
use super::NO_DATA;
use super::artifact::{artifact, linked_as, no_data};
use super::place::{Above, named};
use super::run::run;
use serde_json::Value;

/// What stands in a member.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    /// What only leads further.
    Inner,
    /// Who asks.
    Viewer,
    Entity,
    Project,
    /// A type of artifacts.
    Type,
    /// A sequence or collection of artifacts.
    Collection,
    Run,
    Artifact,
}

/// The members that lead to runs and artifacts, in the order in which they are read.
const MEMBERS: [(&str, Role); 22] = [
    ("viewer", Role::Viewer),
    ("organization", Role::Inner),
    ("orgEntity", Role::Entity),
    ("entity", Role::Entity),
    ("teams", Role::Entity),
    ("models", Role::Project),
    ("projects", Role::Project),
    ("project", Role::Project),
    ("sweeps", Role::Inner),
    ("sweep", Role::Inner),
    ("artifactTypes", Role::Type),
    ("artifactType", Role::Type),
    ("artifactCollections", Role::Collection),
    ("artifactCollection", Role::Collection),
    ("artifactSequences", Role::Collection),
    ("artifactSequence", Role::Collection),
    ("artifactMemberships", Role::Inner),
    ("artifactMembership", Role::Inner),
    ("runs", Role::Run),
    ("run", Role::Run),
    ("artifacts", Role::Artifact),
    ("artifact", Role::Artifact),
];

/// What is said around a thing: where it stands, and of an artifact its type, collection and version.
#[derive(Clone, Default)]
pub(super) struct Around {
    pub(super) above: Above,
    pub(super) kind: Option<String>,
    pub(super) collection: Option<String>,
    pub(super) version: Option<String>,
}

impl Around {
    /// Of a run.
    pub(super) fn of_run(above: &Above) -> Around {
        Around { above: above.clone(), ..Around::default() }
    }

    /// Of what stands in an object that nothing is around. A project in itself is called by `name`, as
    /// GraphQL gives it.
    pub(super) fn of_whole(held: &Object) -> Around {
        let above = Above::of(held);
        let is_project = above.project.is_none()
            && (held.contains_key("entityName")
                || ["runs", "artifacts", "artifactTypes"]
                    .iter()
                    .any(|name| is_connection(held, name)));
        let role = if is_project { Role::Project } else { Role::Inner };
        Around::default().within(role, held)
    }

    fn within(&self, role: Role, held: &Object) -> Around {
        let mut inner = self.clone();
        let name = || text(held, &["name"]);
        let said = Above::of(held);
        inner.above = match role {
            Role::Project => {
                Above { project: name().or_else(|| said.project.clone()), entity: said.entity }
            }
            Role::Entity => Above { entity: name().or(said.entity), project: None },
            Role::Viewer => {
                Above { entity: said.entity.or_else(|| named(held, &["username"])), project: None }
            }
            Role::Inner | Role::Type | Role::Collection | Role::Run | Role::Artifact => said,
        }
        .or(&self.above);
        match role {
            Role::Type => inner.kind = name(),
            Role::Collection => inner.collection = name(),
            _ => {}
        }
        inner
    }

    /// What tells lists of one name apart.
    fn key(&self) -> String {
        let parts = [self.kind.as_deref(), self.collection.as_deref()];
        format!("{}|{}", self.above.place(), parts.map(Option::unwrap_or_default).join("|"))
    }
}

/// Is a member a list as GraphQL gives it?
fn is_connection(held: &Object, name: &str) -> bool {
    object(held, name).is_some_and(|it| it.contains_key("edges") || it.contains_key("nodes"))
}

/// The entries of a member: of a list, of GraphQL's `{"edges": [{"node": ...}]}`, or the one that it is.
/// With each stands what is said beside it.
pub(super) struct Entries<'a> {
    all: Vec<(&'a Value, Option<&'a Object>)>,
    shape: Shape,
    page: Option<Page>,
}

/// How entries stand in their member.
#[derive(Clone, Copy)]
enum Shape {
    One,
    List,
    Edges,
    Nodes,
}

/// An entry that is an object.
pub(super) struct Entry<'a> {
    pub(super) held: &'a Object,
    /// The version that stands beside an artifact.
    pub(super) version: Option<String>,
    /// Where it stands in the document.
    pub(super) pointer: String,
}

impl<'a> Entries<'a> {
    /// None where the member is not there, or is no list and no object.
    pub(super) fn of(held: &'a Object, name: &str) -> Option<Entries<'a>> {
        match held.get(name)? {
            Value::Array(all) => {
                let all = all.iter().map(|one| (one, None)).collect();
                Some(Entries { all, shape: Shape::List, page: None })
            }
            whole @ Value::Object(inner) => {
                let list = |name| inner.get(name).and_then(Value::as_array);
                let (all, shape): (Vec<_>, Shape) = match (list("edges"), list("nodes")) {
                    (Some(edges), _) => {
                        let node = |edge: &'a Value| edge.get("node").unwrap_or(&Value::Null);
                        let all = edges.iter().map(|edge| (node(edge), edge.as_object()));
                        (all.collect(), Shape::Edges)
                    }
                    (None, Some(nodes)) => {
                        (nodes.iter().map(|node| (node, None)).collect(), Shape::Nodes)
                    }
                    (None, None) => {
                        let all = vec![(whole, None)];
                        return Some(Entries { all, shape: Shape::One, page: None });
                    }
                };
                let page = Some(page_of(inner, all.len()));
                Some(Entries { all, shape, page })
            }
            _ => None,
        }
    }

    /// The first of these members that is there.
    pub(super) fn first(
        held: &'a Object,
        names: &[&'static str],
    ) -> Option<(&'static str, Entries<'a>)> {
        names.iter().find_map(|name| Some((*name, Entries::of(held, name)?)))
    }

    /// The objects among them; null is counted, and what else is none is rejected.
    pub(super) fn objects(&self, pointer: &str, told: &mut Told) -> Vec<Entry<'a>> {
        self.objects_and(pointer, told, &mut |_, _| false)
    }

    /// The objects among them; texts go to `named`, which says whether it takes them.
    pub(super) fn objects_and(
        &self,
        pointer: &str,
        told: &mut Told,
        named: &mut dyn FnMut(&str, &mut Told) -> bool,
    ) -> Vec<Entry<'a>> {
        let mut held = Vec::with_capacity(self.all.len());
        for (number, (one, beside)) in self.all.iter().enumerate() {
            let pointer = match self.shape {
                Shape::One => pointer.to_owned(),
                Shape::List => format!("{pointer}/{number}"),
                Shape::Edges => format!("{pointer}/edges/{number}/node"),
                Shape::Nodes => format!("{pointer}/nodes/{number}"),
            };
            match one {
                Value::Object(one) => {
                    let version = beside.and_then(|beside| text(beside, &["version"]));
                    held.push(Entry { held: one, version, pointer });
                }
                Value::String(name) if named(name, told) => {}
                Value::Null => told.skip("entries of a list that hold nothing"),
                _ => told.reject(&pointer, "a JSON object was expected"),
            }
        }
        held
    }

    /// Notes whether the list goes on; `whose` it is tells it from others of its name.
    pub(super) fn note(&self, name: &'static str, whose: String, told: &mut Told) {
        if let Some(page) = self.page {
            told.page(name, whose, page);
        }
    }
}

fn page_of(list: &Object, held: usize) -> Page {
    let more =
        object(list, "pageInfo").and_then(|info| info.get("hasNextPage")).and_then(Value::as_bool);
    Page {
        held: held as u64,
        of: list.get("totalCount").and_then(Value::as_u64).map(|all| (all, "totalCount")),
        next: more.filter(|more| *more).map(|_| Next::Named("pageInfo.hasNextPage")),
    }
}

/// Does it have a member that may lead to runs or artifacts?
pub(super) fn is_page(held: &Object) -> bool {
    MEMBERS
        .iter()
        .any(|(name, _)| held.get(*name).is_some_and(|it| it.is_object() || it.is_array()))
}

/// Reads what stands in an object and below; says whether there was a place for runs or artifacts at all.
pub(super) fn page(held: &Object, around: &Around, pointer: &str, told: &mut Told) -> bool {
    let mut any = false;
    for (name, role) in MEMBERS {
        let Some(entries) = Entries::of(held, name) else { continue };
        let pointer = format!("{pointer}/{name}");
        entries.note(name, around.key(), told);
        any |= matches!(role, Role::Run | Role::Artifact) || entries.page.is_some();
        for Entry { held: one, version, pointer } in entries.objects(&pointer, told) {
            match role {
                Role::Run => run(one, &around.above, &pointer, told),
                Role::Artifact if no_data(one, around).is_some() => told.skip(NO_DATA),
                Role::Artifact => {
                    match artifact(one, &Around { version, ..around.clone() }, told) {
                        Some(source) if name == "artifact" => {
                            linked_as(held, one, around, &source, told);
                        }
                        Some(_) => {}
                        None => told.reject(&pointer, "`name` is missing"),
                    }
                }
                role => any |= page(one, &around.within(role, one), &pointer, told),
            }
        }
    }
    any
}
