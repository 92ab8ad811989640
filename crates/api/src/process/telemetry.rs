//! The log: `env_logger`, writing one line a record to standard error, as text or as JSON.
//!
//! Whatever a record carries, it stays on its line: control characters, line separators and bidirectional
//! overrides are escaped, so that text people send cannot forge a record.

use std::env::VarError;
use std::fmt::{self, Write as _};
use std::io::{self, Write};

use env_logger::Target;
use jiff::Timestamp;
use log::kv::{self, Key, Value, VisitSource};
use log::{Level, LevelFilter, Record};
use serde::{Serialize, Serializer as _};
use thiserror::Error;

use crate::process::clock;
use crate::process::environment::{ConfigError, Environment};
use crate::process::log_writer::{self, LogThread};
use crate::service;

/// `RUST_LOG`: which log records are written.
pub const RUST_LOG: &str = "RUST_LOG";
/// `LOG_FORMAT`: how log records are written.
pub const LOG_FORMAT: &str = "LOG_FORMAT";
/// What every record has in JSON. A pair of such a name is left out.
const FIELDS: [&str; 4] = ["time", "level", "target", "message"];
/// Most lines are shorter, in bytes.
const LINE: usize = 512;

/// What the log shows and how.
#[derive(Debug, Clone)]
pub struct LogConfig {
    /// `RUST_LOG`, default `info`: directives as `env_logger` reads them.
    pub filter: String,
    /// `LOG_FORMAT`, default `text`.
    pub format: LogFormat,
}

/// `LOG_FORMAT`: one line a record, for people or for machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// `text`: time, level, target, message, then `name=value` pairs.
    Text,
    /// `json`: one JSON object a line.
    Json,
}

impl LogConfig {
    /// Reads `RUST_LOG` and `LOG_FORMAT`.
    ///
    /// # Errors
    /// The first of them that cannot be used.
    pub fn from_environment<F>(environment: &Environment<F>) -> Result<Self, ConfigError>
    where
        F: Fn(&'static str) -> Result<String, VarError>,
    {
        let parse_filter = |value: &str| {
            let parsed = env_filter::Builder::new().try_parse(value).map(|_| ());
            parsed.ok().map(|()| value.to_owned())
        };
        let parse_format = |value: &str| match value {
            "text" => Some(LogFormat::Text),
            "json" => Some(LogFormat::Json),
            _ => None,
        };
        Ok(Self {
            filter: environment.parse(RUST_LOG, service::LOG_DIRECTIVES, "info", parse_filter)?,
            format: environment.parse(LOG_FORMAT, "text or json", "text", parse_format)?,
        })
    }
}

/// The log could not be started.
#[derive(Debug, Error)]
pub enum TelemetryError {
    /// It was started before.
    #[error("the log is already started")]
    Started(#[from] log::SetLoggerError),
    /// The thread that writes it could not be started.
    #[error("cannot start the log: {0}")]
    Thread(#[from] io::Error),
}

/// Starts the process's log. Libraries that log what they do on the way are shown from warnings on, unless asked for by
/// name. Panics go to it too, so that they keep to its format.
///
/// What is returned has to live for as long as there is something to log.
///
/// # Errors
/// When a log was started before, or no thread is left.
pub fn init(config: &LogConfig) -> Result<LogThread, TelemetryError> {
    let format = config.format;
    let (writer, thread) = log_writer::start(io::stderr(), move |lines| {
        dropped_lines(format, lines, clock::now())
    })?;
    let mut builder = env_logger::Builder::new();
    builder.target(Target::Pipe(Box::new(writer)));
    for library in service::QUIET_LIBRARIES {
        builder.filter_module(library, LevelFilter::Warn);
    }
    // What clients do wrong on a connection has its line from the access log.
    builder.filter_module("actix_http::h1::dispatcher", LevelFilter::Off);
    builder.parse_filters(&config.filter);
    match config.format {
        LogFormat::Text => builder.format(|out, record| write_text(out, record, clock::now())),
        LogFormat::Json => builder.format(|out, record| write_json(out, record, clock::now())),
    };
    builder.try_init()?;
    std::panic::set_hook(Box::new(|panic| log::error!("{panic}")));
    Ok(thread)
}

/// The line that stands for lines which nobody read in time.
fn dropped_lines(format: LogFormat, lines: u64, time: Timestamp) -> Vec<u8> {
    let mut line = Vec::new();
    let pairs = [("lines", Value::from(lines))];
    let args = format_args!("log lines were dropped: what reads the log does not keep up");
    let record = Record::builder()
        .level(Level::Warn)
        .target(module_path!())
        .args(args)
        .key_values(&pairs)
        .build();
    // Writing to memory does not fail.
    let _ = match format {
        LogFormat::Text => write_text(&mut line, &record, time),
        LogFormat::Json => write_json(&mut line, &record, time),
    };
    line
}

fn write_text(out: &mut impl Write, record: &Record<'_>, time: Timestamp) -> io::Result<()> {
    let mut line = format!("{time:.3} {:5} {}: ", record.level(), record.target());
    push_escaped(&mut line, &record.args().to_string());
    let _ = record.key_values().visit(&mut TextPairs(&mut line));
    line.push('\n');
    out.write_all(line.as_bytes())
}

fn write_json(out: &mut impl Write, record: &Record<'_>, time: Timestamp) -> io::Result<()> {
    // Written as it comes: half of what a line costs would go into putting an object together first.
    let mut line = Vec::with_capacity(LINE);
    write!(line, r#"{{"time":"{time:.3}","level":"{}""#, record.level())?;
    line.extend_from_slice(br#","target":"#);
    push_json(&mut line, record.target());
    line.extend_from_slice(br#","message":"#);
    push_displayed(&mut line, record.args());
    let _ = record.key_values().visit(&mut JsonPairs(&mut line));
    line.extend_from_slice(b"}\n");
    out.write_all(&line)
}

fn push_json(line: &mut Vec<u8>, value: impl Serialize) {
    // Writing to memory does not fail.
    let _ = serde_json::to_writer(line, &value);
}

/// Appends what `value` displays, as a JSON string.
fn push_displayed(line: &mut Vec<u8>, value: &impl fmt::Display) {
    let _ = serde_json::Serializer::new(line).collect_str(value);
}

/// Appends `text` with everything escaped that could end, hide or reorder a line.
fn push_escaped(line: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '\n' => line.push_str("\\n"),
            '\r' => line.push_str("\\r"),
            '\t' => line.push_str("\\t"),
            '\u{061c}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}' => {
                let _ = write!(line, "\\u{{{:x}}}", u32::from(character));
            }
            control if control.is_control() => {
                let _ = write!(line, "\\u{{{:x}}}", u32::from(control));
            }
            plain => line.push(plain),
        }
    }
}

/// Writes ` name=value`, in quotes where the value could be mistaken for the next pair.
struct TextPairs<'a>(&'a mut String);

impl<'kvs> VisitSource<'kvs> for TextPairs<'_> {
    fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), kv::Error> {
        let _ = write!(self.0, " {key}=");
        let text = value.to_string();
        if text.is_empty() || text.contains([' ', '"', '=', '\\']) {
            self.0.push('"');
            push_escaped(self.0, &text.replace('\\', "\\\\").replace('"', "\\\""));
            self.0.push('"');
        } else {
            push_escaped(self.0, &text);
        }
        Ok(())
    }
}

/// Writes `,"name":value`, with numbers and flags as such.
struct JsonPairs<'a>(&'a mut Vec<u8>);

impl<'kvs> VisitSource<'kvs> for JsonPairs<'_> {
    fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), kv::Error> {
        let Self(line) = self;
        if FIELDS.contains(&key.as_str()) {
            // A name stands once in an object.
            return Ok(());
        }
        line.push(b',');
        push_json(line, key.as_str());
        line.push(b':');
        if let Some(text) = value.to_borrowed_str() {
            push_json(line, text);
        } else if let Some(number) = value.to_u64() {
            push_json(line, number);
        } else if let Some(number) = value.to_i64() {
            push_json(line, number);
        } else if let Some(flag) = value.to_bool() {
            push_json(line, flag);
        } else if let Some(number) = value.to_f64() {
            push_json(line, number);
        } else {
            push_displayed(line, &value);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
