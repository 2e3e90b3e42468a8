//! Command lines as a shell splits them, as far as the examples need it.

/// Splits at blanks, except between double or single quotes.
pub(crate) fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    for character in line.chars() {
        match (quote, character) {
            (Some(open), close) if open == close => quote = None,
            (None, '"' | '\'') => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (None, blank) if blank.is_whitespace() => words.extend(word.take()),
            (_, other) => word.get_or_insert_default().push(other),
        }
    }
    assert!(quote.is_none(), "a quote is not closed in {line:?}");
    words.extend(word);
    words
}

#[test]
fn quotes_keep_blanks() {
    let line = r#"plan --because "SEC-311: is closed"  --at '' x"#;
    assert_eq!(words(line), ["plan", "--because", "SEC-311: is closed", "--at", "", "x"]);
}
