//! A look at an expression's characters before the parser sees them.
//!
//! The parser recurses, so an expression of 4,000 parentheses would overflow a worker's stack and end the
//! process. This reads the tokens the way CEL's grammar does and refuses what nests too deep, and whatever
//! the two could read differently: an open text, an unknown escape, brackets that do not match.

/// How deep an expression may nest: more than CEL's own tests ask for, and with half of a worker's stack
/// left unused even in a debug build.
pub(super) const DEPTH_MAX: usize = 40;

type Fault = (usize, String);

/// One level of brackets.
struct Level {
    open: char,
    at: usize,
    /// `?` at this level: `a ? b : c ? d : e` nests to the right.
    ternaries: usize,
    /// Operators since the last `,`, `&&`, `||`, `?` or `:`: `a + b + c` nests to the left.
    chain: usize,
    /// Selections, calls and indexes since the last operator: `a.b.c` nests to the left.
    members: usize,
}

impl Level {
    fn new(open: char, at: usize) -> Self {
        Level { open, at, ternaries: 0, chain: 0, members: 0 }
    }

    fn depth(&self) -> usize {
        1 + self.ternaries + self.chain + self.members
    }

    fn operator(&mut self) {
        self.chain += 1;
        self.members = 0;
    }

    fn restart(&mut self) {
        self.chain = 0;
        self.members = 0;
    }
}

struct Scan<'a> {
    chars: &'a [char],
    at: usize,
    levels: Vec<Level>,
    /// Whether the last token ended a value: a bracket after it calls or indexes it.
    after_value: bool,
}

/// Checks that an expression is safe to hand to the parser.
///
/// # Errors
/// The offset in characters and the reason of the first fault.
pub(super) fn check(chars: &[char]) -> Result<(), Fault> {
    let mut scan = Scan { chars, at: 0, levels: vec![Level::new(' ', 0)], after_value: false };
    while scan.at < chars.len() {
        let first = scan.peek(0);
        let start = scan.at;
        scan.token()?;
        match first {
            ' ' | '\t' | '\n' | '\r' | '\u{c}' => {}
            '/' if scan.at > start + 1 => {}
            ')' | ']' | '}' | '"' | '\'' => scan.after_value = true,
            c if c.is_ascii_alphanumeric() || c == '_' => {
                scan.after_value = chars[start..scan.at] != ['i', 'n']
            }
            _ => scan.after_value = false,
        }
        let depth: usize = scan.levels.iter().map(Level::depth).sum();
        if depth > DEPTH_MAX {
            let at = scan.at.min(chars.len() - 1);
            return Err((at, format!("nested more than {DEPTH_MAX} deep; split it into several rules")));
        }
    }
    match scan.levels.last() {
        Some(level) if scan.levels.len() > 1 => Err((level.at, format!("`{}` is never closed", level.open))),
        Some(_) | None => Ok(()),
    }
}

impl Scan<'_> {
    fn peek(&self, ahead: usize) -> char {
        self.chars.get(self.at + ahead).copied().unwrap_or('\0')
    }

    fn top(&mut self, change: impl FnOnce(&mut Level)) {
        if let Some(level) = self.levels.last_mut() {
            change(level);
        }
    }

    /// Reads one token, or one character that begins none.
    fn token(&mut self) -> Result<(), Fault> {
        let c = self.peek(0);
        if c.is_ascii_alphabetic() || c == '_' {
            return self.word();
        }
        match c {
            '"' | '\'' => return self.text(false),
            '/' if self.peek(1) == '/' => {
                while self.at < self.chars.len() && self.peek(0) != '\n' {
                    self.at += 1;
                }
                return Ok(());
            }
            '0'..='9' => {
                self.number();
                return Ok(());
            }
            '(' | '[' | '{' => {
                let called = usize::from(self.after_value);
                self.top(|level| level.members += called);
                self.levels.push(Level::new(c, self.at));
            }
            ')' | ']' | '}' => self.close(c)?,
            ',' => self.top(|level| {
                level.ternaries = 0;
                level.restart();
            }),
            '?' => self.top(|level| {
                level.ternaries += 1;
                level.restart();
            }),
            ':' => self.top(Level::restart),
            '.' => self.top(|level| level.members += 1),
            '&' | '|' if self.peek(1) == c => {
                self.at += 1;
                self.top(Level::restart);
            }
            '<' | '>' | '=' | '!' if self.peek(1) == '=' => {
                self.at += 1;
                self.top(Level::operator);
            }
            '<' | '>' | '!' | '+' | '-' | '*' | '/' | '%' => self.top(Level::operator),
            ' ' | '\t' | '\n' | '\r' | '\u{c}' => {}
            other => return Err((self.at, format!("`{}` means nothing here", other.escape_debug()))),
        }
        self.at += 1;
        Ok(())
    }

    fn close(&mut self, close: char) -> Result<(), Fault> {
        let wanted = match self.levels.last().map(|level| level.open) {
            Some('(') => ')',
            Some('[') => ']',
            Some('{') => '}',
            Some(_) | None => return Err((self.at, format!("`{close}` closes nothing"))),
        };
        if close != wanted {
            return Err((self.at, format!("`{close}` where `{wanted}` is expected")));
        }
        self.levels.pop();
        Ok(())
    }

    fn word(&mut self) -> Result<(), Fault> {
        let start = self.at;
        while self.peek(0).is_ascii_alphanumeric() || self.peek(0) == '_' {
            self.at += 1;
        }
        let word: String = self.chars[start..self.at].iter().collect();
        if matches!(self.peek(0), '"' | '\'') {
            match word.as_str() {
                "r" | "R" | "br" | "bR" | "Br" | "BR" => return self.text(true),
                "b" | "B" => return self.text(false),
                _ => return Err((self.at, format!("a text cannot follow `{word}`"))),
            }
        }
        if word == "in" {
            self.top(Level::operator);
        }
        Ok(())
    }

    fn digits(&mut self, is_digit: impl Fn(char) -> bool) {
        while is_digit(self.peek(0)) {
            self.at += 1;
        }
    }

    /// A number exactly as the grammar has it: what follows may be a word, as in `1in [1]`.
    fn number(&mut self) {
        let decimal = |c: char| c.is_ascii_digit();
        if self.peek(0) == '0' && self.peek(1) == 'x' && self.peek(2).is_ascii_hexdigit() {
            self.at += 2;
            self.digits(|c| c.is_ascii_hexdigit());
        } else {
            self.digits(decimal);
            if self.peek(0) == '.' && decimal(self.peek(1)) {
                self.at += 1;
                self.digits(decimal);
            }
            let sign = usize::from(matches!(self.peek(1), '+' | '-'));
            if matches!(self.peek(0), 'e' | 'E') && decimal(self.peek(1 + sign)) {
                self.at += 1 + sign;
                self.digits(decimal);
            }
        }
        if matches!(self.peek(0), 'u' | 'U') {
            self.at += 1;
        }
    }

    fn text(&mut self, raw: bool) -> Result<(), Fault> {
        let (start, quote) = (self.at, self.peek(0));
        let triple = self.peek(1) == quote && self.peek(2) == quote;
        self.at += if triple { 3 } else { 1 };
        while self.at < self.chars.len() {
            let c = self.peek(0);
            if c == quote && (!triple || (self.peek(1) == quote && self.peek(2) == quote)) {
                self.at += if triple { 3 } else { 1 };
                return Ok(());
            }
            if !triple && matches!(c, '\n' | '\r') {
                break;
            }
            if c == '\\' && !raw {
                self.escape()?;
            } else {
                self.at += 1;
            }
        }
        Err((start, "the text is never closed".into()))
    }

    fn escape(&mut self) -> Result<(), Fault> {
        let hex = |scan: &Self, digits: usize| (2..2 + digits).all(|at| scan.peek(at).is_ascii_hexdigit());
        let octal = |scan: &Self| (2..4).all(|at| ('0'..='7').contains(&scan.peek(at)));
        let length = match self.peek(1) {
            'a' | 'b' | 'f' | 'n' | 'r' | 't' | 'v' | '"' | '\'' | '\\' | '?' | '`' => 2,
            'x' | 'X' if hex(self, 2) => 4,
            'u' if hex(self, 4) => 6,
            'U' if hex(self, 8) => 10,
            '0'..='3' if octal(self) => 4,
            other => {
                let shown = other.escape_debug();
                return Err((
                    self.at,
                    format!("there is no escape `\\{shown}`; write `\\\\` for a backslash"),
                ));
            }
        };
        self.at += length;
        Ok(())
    }
}
