//! The one place that prints: human and machine output to stdout, everything else to stderr.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use anstyle::{AnsiColor, Style};
use mixaccess_model::printable;

use crate::failure::Failure;

/// How much to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Loudness {
    /// Results and errors only.
    Quiet,
    /// What a person wants to know.
    Normal,
    /// Everything.
    Verbose,
}

/// Where and how to print.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Console {
    /// Whether stdout may carry colour.
    pub(crate) color: bool,
    /// Whether stderr may carry colour.
    pub(crate) color_on_stderr: bool,
    /// Columns of the terminal; 80 where there is none.
    pub(crate) width: usize,
    /// How much to say.
    pub(crate) loudness: Loudness,
}

const DEFAULT_WIDTH: usize = 80;
const NARROWEST: usize = 40;

impl Console {
    /// Looks at the terminal, at `--no-color` and at `NO_COLOR`.
    pub(crate) fn detect(no_color: bool, width: Option<usize>, loudness: Loudness) -> Self {
        let plain = no_color
            || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
            || std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let measured = || {
            terminal_size::terminal_size()
                .map(|(terminal_size::Width(columns), _)| usize::from(columns))
        };
        let given = || {
            let columns = std::env::var("COLUMNS").ok()?;
            columns.parse().ok()
        };
        let width = width.or_else(measured).or_else(given).unwrap_or(DEFAULT_WIDTH);
        Self {
            color: !plain && io::stdout().is_terminal(),
            color_on_stderr: !plain && io::stderr().is_terminal(),
            width: width.max(NARROWEST),
            loudness,
        }
    }

    /// Asks the person at the terminal and gives the line that was typed, without its end; the end of
    /// the input is an empty one.
    ///
    /// # Errors
    /// When nobody sits there, with `otherwise` as the way out, or the answer cannot be read.
    pub(crate) fn ask(question: &str, otherwise: &str) -> Result<String, Failure> {
        if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
            return Err(Failure::new("nobody can be asked: this is no terminal").hint(otherwise));
        }
        Self::raw_stderr(question);
        let mut answer = String::new();
        io::stdin()
            .lock()
            .read_line(&mut answer)
            .map_err(|error| Failure::new(format!("cannot read the answer: {error}")))?;
        if !answer.ends_with('\n') {
            // The cursor still stands behind the question.
            Self::raw_stderr("\n");
        }
        Ok(answer.trim_end_matches(['\r', '\n']).to_owned())
    }

    /// Writes results to stdout. A reader that went away is not an error.
    ///
    /// # Errors
    /// When stdout cannot be written, for instance on a full disk.
    pub(crate) fn result(&self, text: &str) -> Result<(), Failure> {
        let mut stdout = io::stdout().lock();
        let written = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
        match written {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(Failure::new(format!("cannot write to standard output: {error}")))
            }
            _ => Ok(()),
        }
    }

    /// Says something on stderr, unless told to be quiet.
    pub(crate) fn say(&self, text: &str) {
        if self.loudness > Loudness::Quiet {
            Self::to_stderr(text);
        }
    }

    /// Says something that must be seen, on stderr.
    pub(crate) fn warn(&self, text: &str) {
        let style = Style::new().fg_color(Some(AnsiColor::Yellow.into())).bold();
        Self::to_stderr(&format!("{}: {text}", self.painted("warning", style)));
    }

    /// Reports a failure on stderr: the chain of errors, then what to do.
    pub(crate) fn fail(&self, failure: &Failure) {
        let style = Style::new().fg_color(Some(AnsiColor::Red.into())).bold();
        let mut text = format!("{}: ", self.painted("error", style));
        for (index, cause) in failure.error.chain().enumerate() {
            if index > 0 {
                text.push_str("\n  because ");
            }
            text.push_str(&safe_lines(&cause.to_string()));
        }
        let bold = Style::new().bold();
        for hint in &failure.hints {
            text.push_str(&format!("\n  {}: {}", self.painted("help", bold), safe_lines(hint)));
        }
        Self::to_stderr(&text);
    }

    /// Writes to stderr as it is, without a line end.
    pub(crate) fn raw_stderr(text: &str) {
        let mut stderr = io::stderr().lock();
        // Nobody is left to tell when stderr itself fails.
        let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
    }

    fn to_stderr(text: &str) {
        Self::raw_stderr(&format!("{text}\n"));
    }

    fn painted(&self, word: &str, style: Style) -> String {
        if self.color_on_stderr { format!("{style}{word}{style:#}") } else { word.to_owned() }
    }
}

/// Text made safe line by line: line ends are ours, everything else that steers is escaped.
fn safe_lines(text: &str) -> String {
    text.lines().map(printable).collect::<Vec<_>>().join("\n")
}
