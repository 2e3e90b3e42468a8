//! Service accounts go by Mixpanel's published OpenAPI: each request that the program sends, and each
//! answer that the emulator gives.

use std::collections::BTreeSet;

use jsonschema::Validator;
use mixaccess_emulator::{Emulator, EmulatorOptions, RecordedRequest};
use serde_json::{Value, json};

use crate::harness::repository::{copy, repository};
use crate::harness::{Bench, words};

/// The published document.
struct OpenApi(Value);

/// An operation of it.
struct Operation<'a> {
    document: &'a Value,
    name: String,
    content: &'a Value,
}

impl OpenApi {
    fn read() -> Self {
        let path = repository().join("tests/openapi/service-accounts.openapi.yaml");
        Self(serde_yaml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap())
    }

    /// The operation that a request carries out; nothing when the document has no such path.
    fn operation(&self, method: &str, path: &str) -> Option<Operation<'_>> {
        let path = path.split('?').next()?.trim_end_matches('/').strip_prefix("/api/app")?;
        let paths = self.0["paths"].as_object()?;
        let exact =
            |template: &str| template.split('/').filter(|part| !part.starts_with('{')).count();
        let (template, item) = paths
            .iter()
            .filter(|(template, _)| matches(template, path))
            .max_by_key(|(template, _)| exact(template))?;
        let method = method.to_lowercase();
        let content = item.get(&method)?;
        Some(Operation { document: &self.0, name: format!("{method} {template}"), content })
    }

    fn operations(&self) -> BTreeSet<String> {
        let paths = self.0["paths"].as_object().unwrap();
        let methods = ["get", "post", "delete", "put", "patch"];
        paths
            .iter()
            .flat_map(|(path, item)| {
                methods
                    .iter()
                    .filter(|method| item.get(**method).is_some())
                    .map(move |method| format!("{method} {path}"))
            })
            .collect()
    }
}

fn matches(template: &str, path: &str) -> bool {
    let (template, path) = (template.split('/'), path.split('/'));
    template.clone().count() == path.clone().count()
        && template.zip(path).all(|(part, found)| match part.strip_prefix('{') {
            Some(_) => found.parse::<u64>().is_ok(),
            None => part == found,
        })
}

impl Operation<'_> {
    /// The schema of the request's body; nothing where the operation has none.
    fn request(&self) -> Option<Validator> {
        self.validator(&self.content["requestBody"]["content"]["application/json"]["schema"])
    }

    /// The schema of an answer with that status.
    fn answer(&self, status: u16) -> Option<Validator> {
        let answer = &self.content["responses"][status.to_string()];
        self.validator(&answer["content"]["application/json"]["schema"])
    }

    fn validator(&self, schema: &Value) -> Option<Validator> {
        if schema.is_null() {
            return None;
        }
        let whole = json!({ "allOf": [schema], "components": self.document["components"] });
        // The document speaks the JSON Schema of OpenAPI 3.0, of which this is the nearest draft.
        Some(jsonschema::draft4::options().should_validate_formats(true).build(&whole).unwrap())
    }
}

fn conforms(validator: Option<Validator>, what: &str, value: &Value) {
    let validator = validator.unwrap_or_else(|| panic!("{what}: the document has no such body"));
    let errors: Vec<String> = validator
        .iter_errors(value)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{what}: {errors:#?}\n{value:#}");
}

/// What the program asks for of service accounts when it goes through an example.
fn asked_by_the_program() -> Vec<RecordedRequest> {
    let example = repository().join("examples/service-accounts");
    let seed = std::fs::read_to_string(example.join("live.yaml")).unwrap();
    let bench = Bench::empty(&seed, EmulatorOptions::default());
    copy(&example, bench.root());
    bench
        .program(&words("plan --out plan.json --allow reductions --because retired"))
        .run()
        .exits(0);
    bench.program(&words("apply plan.json --secret-file {name}.secret")).run().exits(0);
    let requests = bench.emulator.requests();
    requests.into_iter().filter(|request| request.path.contains("/service-accounts")).collect()
}

#[test]
fn every_request_conforms_to_the_published_document() {
    let document = OpenApi::read();
    let mut seen = BTreeSet::new();
    for request in asked_by_the_program() {
        let Some(operation) = document.operation(&request.method, &request.path) else {
            panic!("{} {} is no published operation", request.method, request.path);
        };
        match &request.body {
            Some(body) => {
                let body: Value = serde_json::from_str(body).unwrap();
                conforms(operation.request(), &operation.name, &body);
                known_keys_only(&operation, &body);
            }
            None => assert!(operation.request().is_none(), "{} needs a body", operation.name),
        }
        seen.insert(operation.name);
    }
    for write in [
        "post /organizations/{organizationId}/service-accounts",
        "delete /organizations/{organizationId}/service-accounts/{serviceAccountId}",
        "post /organizations/{organizationId}/service-accounts/add-to-project",
        "post /organizations/{organizationId}/service-accounts/remove-from-project",
    ] {
        assert!(seen.contains(write), "{write} was not sent: {seen:#?}");
    }
}

/// The document allows any further key; we send none.
fn known_keys_only(operation: &Operation<'_>, body: &Value) {
    let schema = &operation.content["requestBody"]["content"]["application/json"]["schema"];
    let known = keys(operation.document, schema);
    for key in body.as_object().unwrap().keys() {
        assert!(known.contains(key.as_str()), "{}: unknown key {key}", operation.name);
    }
}

fn keys<'a>(document: &'a Value, schema: &'a Value) -> BTreeSet<&'a str> {
    if let Some(reference) = schema["$ref"].as_str() {
        let pointer = reference.trim_start_matches('#');
        return keys(document, document.pointer(pointer).unwrap());
    }
    schema["properties"].as_object().unwrap().keys().map(String::as_str).collect()
}

const SEED: &str = "
organization: { id: 1, name: Acme Corp }
service_accounts:
  - { id: 7, username: mixaccess, secret: demo-secret, email: owner@acme.example, role: owner, created: 2026-01-01T00:00:00Z }
projects:
  - { id: 11, name: Web }
  - { id: 12, name: iOS }
members:
  - { id: 101, email: owner@acme.example, name: Owner, role: owner }
";

/// TLS is not needed on loopback, and yet a provider must be named.
fn plain_client() -> reqwest::Client {
    // Another test may have named it before.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().unwrap()
}

struct Raw<'a> {
    client: reqwest::Client,
    emulator: &'a Emulator,
    document: &'a OpenApi,
    seen: BTreeSet<(String, u16)>,
}

impl Raw<'_> {
    #[expect(clippy::disallowed_methods, reason = "the emulator's answers are bounded")]
    async fn call(
        &mut self,
        method: &str,
        path: &str,
        secret: &str,
        body: Option<Value>,
    ) -> (u16, Value) {
        let url = format!("{}/api/app{path}", self.emulator.base_url());
        let mut request =
            self.client.request(method.parse().unwrap(), url).basic_auth("mixaccess", Some(secret));
        if let Some(body) = &body {
            request = request.json(body);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let value: Value = answer.json().await.unwrap();
        let operation = self.document.operation(method, &format!("/api/app{path}")).unwrap();
        conforms(operation.answer(status), &format!("{} {status}", operation.name), &value);
        self.seen.insert((operation.name, status));
        (status, value)
    }
}

#[test]
fn every_answer_of_the_emulator_conforms_to_the_published_document() {
    let document = OpenApi::read();
    let bench = Bench::empty(SEED, EmulatorOptions::default());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let seen = runtime.block_on(async {
        let mut raw = Raw {
            client: plain_client(),
            emulator: &bench.emulator,
            document: &document,
            seen: BTreeSet::new(),
        };
        let all = "/organizations/1/service-accounts";
        let (status, new) = raw
            .call(
                "POST",
                all,
                "demo-secret",
                Some(json!({
                    "username": "etl", "role": "admin", "expires": "2027-01-31T00:00:00Z",
                    "projects": [{ "id": 11, "role": "analyst" }],
                })),
            )
            .await;
        assert_eq!(status, 201, "{new}");
        assert!(new["results"]["token"].as_str().is_some_and(|token| token.len() > 10), "{new}");
        let id = new["results"]["id"].as_u64().unwrap();
        let one = format!("{all}/{id}");
        raw.call("GET", all, "demo-secret", None).await;
        let (_, again) = raw.call("GET", &one, "demo-secret", None).await;
        assert!(!again.to_string().contains(new["results"]["token"].as_str().unwrap()));
        let add =
            json!({ "projects": [{ "id": 12, "role": "consumer" }], "service_account_ids": [id] });
        raw.call("POST", &format!("{all}/add-to-project"), "demo-secret", Some(add)).await;
        raw.call("GET", "/projects/12/service-accounts", "demo-secret", None).await;
        let remove = json!({ "projects": [{ "id": 12, "service_account_ids": [id] }] });
        raw.call("POST", &format!("{all}/remove-from-project"), "demo-secret", Some(remove)).await;
        raw.call("DELETE", &one, "demo-secret", None).await;
        raw.call("GET", &one, "demo-secret", None).await;
        raw.call("GET", all, "wrong", None).await;
        raw.seen
    });
    let succeeded: BTreeSet<String> =
        seen.iter().filter(|(_, status)| *status < 300).map(|(name, _)| name.clone()).collect();
    assert_eq!(succeeded, document.operations());
    for refused in [401, 404] {
        assert!(seen.iter().any(|(_, status)| *status == refused), "no {refused}: {seen:#?}");
    }
}
