//! Names of images: which one was probably meant, and how a name is written that a node can read.

use serde_json::Value;

use super::super::Case;
use crate::model::pod::Container;

/// An image that the node has already and that was probably meant: one with this tag and nearly this name, else one of
/// this name whose tag is most alike.
pub(super) fn near_image(node: &Value, image: &str) -> Option<String> {
    // Which image a digest was meant for nobody knows.
    let image = image.split_once('@').map_or(image, |(name, _)| name);
    let wanted = whole(image);
    let (repository, tag) = wanted.rsplit_once(':')?;
    let images = node["status"]["images"].as_array().into_iter().flatten();
    let names = images.filter_map(|image| image["names"].as_array()).flatten().filter_map(|name| name.as_str());
    let known =
        names.filter_map(|name| name.rsplit_once(':')).filter(|(name, tag)| !name.contains('@') && !tag.contains('/'));
    let slips = |(name, one): &(&str, &str)| match (*name == repository, *one == tag) {
        (false, true) => is_slip(name, repository).then_some(1),
        (true, false) => Some(3 + strsim::osa_distance(one, tag)),
        _ => None,
    };
    let (_, (name, tag)) = known.filter_map(|one| Some((slips(&one)?, one))).min()?;
    // Written as short as the template has it.
    let name = if wanted.starts_with(image) { name } else { name.trim_start_matches("docker.io/library/") };
    Some(format!("{name}:{tag}"))
}

/// One letter too much or too few, or two that changed their places: another letter or digit is mostly another program.
fn is_slip(one: &str, other: &str) -> bool {
    let digits = |name: &str| name.chars().filter(char::is_ascii_digit).collect::<String>();
    let sorted = |name: &str| {
        let mut letters: Vec<char> = name.chars().collect();
        letters.sort_unstable();
        letters
    };
    let is_other_length = one.len() != other.len() && digits(one) == digits(other);
    strsim::osa_distance(one, other) == 1 && (is_other_length || sorted(one) == sorted(other))
}

/// An image with the registry, the folder and the tag that it has where none are written.
fn whole(image: &str) -> String {
    let first = image.split_once('/').map(|(first, _)| first);
    let is_registry = first.is_some_and(|first| first.contains(['.', ':']) || first == "localhost");
    let image = match (is_registry, first) {
        (true, _) => image.to_owned(),
        (false, Some(_)) => format!("docker.io/{image}"),
        (false, None) => format!("docker.io/library/{image}"),
    };
    let has_tag = image.rsplit('/').next().is_some_and(|last| last.contains([':', '@']));
    if has_tag { image } else { format!("{image}:latest") }
}

/// The volume that is made of an image which does not come, where it is none of the container's own.
pub(super) fn volume_of<'a>(case: &Case<'a>, container: &Container, image: &str) -> Option<&'a str> {
    let own = case.container_spec(&container.name)?["image"].as_str()?;
    let volumes = case.pod_spec()?["volumes"].as_array()?;
    let is_it = |volume: &&Value| volume["image"]["reference"].as_str().map(whole) == Some(whole(image));
    volumes.iter().find(is_it).filter(|_| whole(own) != whole(image))?["name"].as_str()
}

/// A name that is valid, of one that is so but for the case of its letters, blanks around it and a scheme before it.
pub(super) fn corrected(image: &str) -> Option<String> {
    let bare = image.trim();
    // A registry is spoken to by HTTPS, and never named with it.
    let bare = bare.split_once("://").map_or(bare, |(_, rest)| rest);
    let (name, tag) = match bare.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, format!(":{tag}")),
        _ => (bare, String::new()),
    };
    let name = name.to_lowercase();
    let is_valid = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || "._-/:".contains(letter);
    let corrected = format!("{name}{tag}");
    (!name.is_empty() && name.chars().all(is_valid) && !name.contains("//") && corrected != image).then_some(corrected)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_image_that_the_node_has_and_that_comes_nearest_is_meant() {
        let node = json!({ "status": { "images": [
            { "names": ["docker.io/library/busybox@sha256:0f0402a6", "docker.io/library/busybox:1.35"] },
            { "names": ["registry.example.com/team/etl:1.4", "registry.example.com/team/etl:2.0"] },
            { "names": ["registry.k8s.io/pause:3.6"] },
        ]}});
        let near = |image: &str| near_image(&node, image);
        assert_eq!(near("busybox:1.99").as_deref(), Some("busybox:1.35"), "as short as it was written");
        assert_eq!(near("docker.io/library/busybox:1.36").as_deref(), Some("docker.io/library/busybox:1.35"));
        assert_eq!(near("bussybox:1.35").as_deref(), Some("busybox:1.35"), "a slip in the name");
        assert_eq!(near("registry.example.com/team/etl:1.5").as_deref(), Some("registry.example.com/team/etl:1.4"));
        assert_eq!(near("registry.example.com/team/etk:1.4"), None, "another program");
        assert_eq!(near("busybox").as_deref(), Some("busybox:1.35"));
        assert_eq!(near("registry.example.com/team/report:1.4"), None);
        assert_eq!(near("busybox:1.35"), None, "it is there");
    }

    #[test]
    fn a_name_is_corrected_where_its_letters_or_a_scheme_before_it_are_wrong() {
        assert_eq!(corrected("Busybox:1.35").as_deref(), Some("busybox:1.35"));
        assert_eq!(
            corrected(" registry.example.com/Team/ETL:v1-RC ").as_deref(),
            Some("registry.example.com/team/etl:v1-RC")
        );
        assert_eq!(corrected("https://r.io/Team/etl:1").as_deref(), Some("r.io/team/etl:1"));
        for image in ["etl:$TAG", "busybox:1.35", "", "a b:1", "etl:1:2"] {
            assert_eq!(corrected(image), None, "{image}");
        }
    }
}
