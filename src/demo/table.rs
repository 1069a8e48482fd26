//! The shapes in which clients ask for objects: whole, as their metadata alone, or as the tables that kubectl prints
//! (`pkg/printers/internalversion/printers.go` in Kubernetes). The cells of a kind are made in `columns`.

use serde_json::{Value, json};

use super::columns;
use super::resources::Resource;
use crate::model::clock::Time;

/// How objects are answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// As they are.
    Whole,
    /// Their metadata alone.
    Metadata,
    /// Rows of cells, as seen at a moment.
    Table { now: Time, includes: Included },
}

/// What stands beside the cells of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Included {
    Nothing,
    Metadata,
    Object,
}

impl Shape {
    /// What an `Accept` header and `includeObject` ask for.
    pub(super) fn wanted(accept: &str, include: Option<&str>, now: Time) -> Self {
        // Clients name what they like best first and plain JSON last.
        let first = accept.split(',').next().unwrap_or_default();
        let includes = match include {
            Some("None") => Included::Nothing,
            Some("Object") => Included::Object,
            _ => Included::Metadata,
        };
        match first.split(';').find_map(|part| part.trim().strip_prefix("as=")) {
            Some("Table") if accept.contains("v=v1;") || accept.contains("v=v1,") => Self::Table { now, includes },
            Some("PartialObjectMetadata" | "PartialObjectMetadataList") => Self::Metadata,
            _ => Self::Whole,
        }
    }

    /// One object.
    pub(super) fn one(self, resource: &Resource, object: &Value) -> Value {
        match self {
            Self::Whole => object.clone(),
            Self::Metadata => metadata(object),
            Self::Table { now, includes } => {
                let version = json!({ "resourceVersion": object["metadata"]["resourceVersion"] });
                table(resource, std::slice::from_ref(object), &version, now, includes)
            }
        }
    }

    /// A list, with the metadata of the list.
    pub(super) fn list(self, resource: &Resource, items: &[Value], list: &Value) -> Value {
        match self {
            Self::Whole => json!({
                "kind": format!("{}List", resource.kind), "apiVersion": resource.group_version(),
                "metadata": list, "items": items,
            }),
            Self::Metadata => json!({
                "kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1",
                "metadata": list, "items": items.iter().map(metadata).collect::<Vec<_>>(),
            }),
            Self::Table { now, includes } => table(resource, items, list, now, includes),
        }
    }
}

fn metadata(object: &Value) -> Value {
    json!({ "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": object["metadata"] })
}

fn table(resource: &Resource, items: &[Value], metadata_of_list: &Value, now: Time, includes: Included) -> Value {
    let columns = columns::of(resource);
    let row = |object: &Value| {
        // A bookmark has no cells.
        let is_object = object["metadata"]["name"].is_string();
        let cells = if is_object { (columns.cells)(object, now) } else { Vec::new() };
        let mut row = json!({ "cells": cells });
        match includes {
            Included::Nothing => {}
            Included::Metadata => row["object"] = metadata(object),
            Included::Object => row["object"] = object.clone(),
        }
        row
    };
    let definitions = columns.names.iter().map(|(name, priority)| {
        let (kind, format) = match *name {
            "Name" => ("string", "name"),
            "Active" | "Count" | "Data" => ("integer", ""),
            _ => ("string", ""),
        };
        json!({ "name": name, "type": kind, "format": format, "description": "", "priority": priority })
    });
    json!({
        "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata_of_list,
        "columnDefinitions": definitions.collect::<Vec<_>>(),
        "rows": items.iter().map(row).collect::<Vec<_>>(),
    })
}
