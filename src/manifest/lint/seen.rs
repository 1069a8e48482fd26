//! What is known of a cluster while its rules look at manifests, and what they asked of it beyond that. It asks nothing
//! itself: whoever runs the rules has the server answer, and runs them again.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::FieldChange;
use crate::manifest::parse::parse;
use crate::manifest::path::Path;
use crate::manifest::problem::Severity;
use crate::model::fact::{Answer, Fact, Need};
use crate::model::mutation::Address;

/// What is known of a cluster, and what rules asked of it beyond that.
#[derive(Debug, Default)]
pub struct Seen {
    /// The namespace of objects that name none.
    pub namespace: String,
    facts: HashMap<Address, Fact>,
    needs: RefCell<Vec<Need>>,
    /// What was said of objects, by their JSON.
    said: HashMap<String, Vec<Said>>,
    questions: RefCell<Vec<Question>>,
    /// Live Jobs that need no more pods.
    settled: HashSet<Address>,
    /// Why something could not be asked.
    unasked: Vec<String>,
}

/// An object of which rules want to know what the cluster says to it: to itself, and to pods of its template.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// The Job or CronJob as it stands in the text.
    pub object: Value,
    /// Its namespace, also where it names none.
    pub namespace: String,
    /// The numbers of the rules that want to know it.
    pub rules: Vec<&'static str>,
}

/// Something that a cluster says of an object.
#[derive(Debug, Clone, PartialEq)]
pub struct Said {
    /// The number of the rule that tells it.
    pub lint: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// The field of the object that it is about; empty for the object as a whole.
    pub path: Path,
    /// What is so and what follows from it, in a sentence without its full stop.
    pub message: String,
    /// What would mend it; none where a person has to decide.
    pub changes: Vec<FieldChange>,
}

impl Seen {
    /// Nothing is known yet; objects that name no namespace are in this one.
    pub fn new(namespace: impl Into<String>) -> Self {
        Self { namespace: namespace.into(), ..Self::default() }
    }

    /// The objects of a text come with its manifests, so that they are there when these run.
    pub fn add(&mut self, text: &str) {
        for document in parse(text).documents.into_iter().flat_map(super::objects) {
            if let Some(mut address) = Address::of(&document.object) {
                if address.namespace.is_empty() && !is_of_no_namespace(&address.kind) {
                    address.namespace = self.namespace.as_str().into();
                }
                self.facts.insert(address, Fact::Found(document.object));
            }
        }
    }

    /// A live Job needs no more pods: it has ended or has them all, and what the cluster would say to new ones is no
    /// matter.
    pub fn settle(&mut self, job: Address) {
        self.settled.insert(job);
    }

    /// Takes in an answer.
    pub fn take(&mut self, need: Need, answer: Answer) {
        if let (Need::Object(address), Answer::Object(fact)) = (need, answer) {
            self.facts.insert(address, fact);
        }
    }

    /// Takes in what the cluster says of an object.
    pub fn tell(&mut self, object: &Value, said: Vec<Said>) {
        self.said.insert(object.to_string(), said);
    }

    /// Something could not be asked; why.
    pub fn miss(&mut self, why: String) {
        self.unasked.push(why);
    }

    /// What rules asked for and was not known, each once.
    pub fn needs(&self) -> Vec<Need> {
        self.needs.take()
    }

    /// The objects of which rules want to know what the cluster says, each once.
    pub fn questions(&self) -> Vec<Question> {
        self.questions.take()
    }

    /// Why some of it could not be read or asked, each reason once.
    pub fn unread(&self) -> Vec<&str> {
        let whys = self.facts.values().filter_map(|fact| match fact {
            Fact::Unreadable(why) => Some(why.as_str()),
            _ => None,
        });
        let mut whys: Vec<&str> = whys.chain(self.unasked.iter().map(String::as_str)).collect();
        whys.sort_unstable();
        whys.dedup();
        whys
    }

    /// Whether an object comes with the manifests, in whatever version.
    pub fn brings(&self, kind: &str, namespace: &str, name: &str) -> bool {
        self.facts.iter().any(|(address, fact)| {
            let is_it = address.kind == kind && address.namespace == namespace && address.name == name;
            is_it && matches!(fact, Fact::Found(_))
        })
    }

    pub(super) fn is_settled(&self, object: &Value) -> bool {
        Address::of(object).is_some_and(|address| self.settled.contains(&address))
    }

    pub(super) fn fact(&self, address: Address) -> Option<&Fact> {
        let found = self.facts.get(&address);
        let mut needs = self.needs.borrow_mut();
        let need = Need::Object(address);
        if found.is_none() && !needs.contains(&need) {
            needs.push(need);
        }
        found
    }

    /// What was said of an object for this rule; asked for where nothing is known yet.
    pub(super) fn said(&self, object: &Value, namespace: &str, lint: &'static str) -> impl Iterator<Item = &Said> {
        let said = self.said.get(&object.to_string());
        if said.is_none() && !self.is_settled(object) {
            let mut questions = self.questions.borrow_mut();
            match questions.iter_mut().find(|one| one.object == *object && one.namespace == namespace) {
                Some(question) if question.rules.contains(&lint) => {}
                Some(question) => question.rules.push(lint),
                None => questions.push(Question {
                    object: object.clone(),
                    namespace: namespace.to_owned(),
                    rules: vec![lint],
                }),
            }
        }
        said.into_iter().flatten().filter(move |one| one.lint == lint)
    }
}

/// Kinds that live in no namespace, of those that manifests of batch work name.
pub(super) fn is_of_no_namespace(kind: &str) -> bool {
    matches!(kind, "PriorityClass" | "RuntimeClass" | "Namespace" | "PersistentVolume" | "StorageClass")
}
