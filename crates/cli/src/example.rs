//! The example organization, built into the program for `demo` and `emulator`.

/// Its files: path below the config directory, and text.
pub(crate) const FILES: &[(&str, &str)] = &[
    ("organization.yaml", include_str!("../../../access/organization.yaml")),
    ("policy.yaml", include_str!("../../../access/policy.yaml")),
    ("profiles.yaml", include_str!("../../../access/profiles.yaml")),
    ("people/agency.yaml", include_str!("../../../access/people/agency.yaml")),
    ("people/engineering.yaml", include_str!("../../../access/people/engineering.yaml")),
    ("people/leadership.yaml", include_str!("../../../access/people/leadership.yaml")),
    ("people/product.yaml", include_str!("../../../access/people/product.yaml")),
    ("people/studio.yaml", include_str!("../../../access/people/studio.yaml")),
];

/// The live organization before the first apply, as the emulator reads it.
pub(crate) const LIVE: &str = include_str!("../../../access/.live/organization.yaml");

/// The JSON Schema that the files' editor header names.
pub(crate) const SCHEMA: &str = include_str!("../schema/access.schema.json");

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    #[test]
    fn every_example_file_is_built_in() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../access");
        let mut found = BTreeSet::new();
        for directory in ["", "people"] {
            for entry in std::fs::read_dir(root.join(directory)).unwrap() {
                let path = entry.unwrap().path();
                if path.extension().is_some_and(|extension| extension == "yaml") {
                    let name = path.strip_prefix(&root).unwrap();
                    found.insert(name.to_str().unwrap().to_owned());
                }
            }
        }
        let built_in: BTreeSet<String> = FILES.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(found, built_in);
    }
}
