//! The exercises, as `www/lab/exercises.json` has them, and the random words of one check. `www/lab/words.js` makes
//! the same words of the same seed, so that a seed of the sheet works here, and one of here on the sheet.

use serde_json::Value;

/// One exercise.
pub struct Exercise {
    pub number: u64,
    pub title: String,
    pub minutes: u64,
    /// What the student has to answer: `accept` or `frame`.
    pub ask: Option<String>,
    /// The file with a program of the student's, without `.py` or `.mjs`.
    pub program: Option<String>,
    /// Whether it cannot be solved.
    pub is_red: bool,
    /// What this program checks.
    pub expectations: Vec<Expectation>,
    /// What only the sheet can check.
    pub on_page: Vec<String>,
}

/// One sentence that has to be true.
pub struct Expectation {
    pub text: String,
    pub steps: Vec<Value>,
    /// All of it.
    pub json: Value,
}

impl Expectation {
    /// The function that checks it, if it is no list of steps.
    pub fn run(&self) -> Option<&str> {
        self.json["run"].as_str()
    }
}

/// Reads all exercises.
pub fn read() -> Vec<Exercise> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/www/lab/exercises.json");
    let text = std::fs::read_to_string(path).expect("the sheet's exercises are in www/lab/exercises.json");
    let table: Vec<Value> = serde_json::from_str(&text).expect("exercises.json is JSON");
    table.iter().map(exercise).collect()
}

fn exercise(json: &Value) -> Exercise {
    let text = |field: &str| json[field].as_str().map(str::to_string);
    let expectation = |json: &Value| Expectation {
        text: json["text"].as_str().expect("a sentence").to_string(),
        steps: json["steps"].as_array().cloned().unwrap_or_default(),
        json: json.clone(),
    };
    let all: Vec<Expectation> =
        json["expectations"].as_array().expect("a list").iter().map(expectation).collect();
    let (on_page, expectations): (Vec<_>, Vec<_>) = all.into_iter().partition(|it| it.json["only"] == "page");
    Exercise {
        number: json["number"].as_u64().expect("a number"),
        title: text("title").expect("a title"),
        minutes: json["minutes"].as_u64().expect("minutes"),
        ask: text("ask"),
        program: text("program"),
        is_red: json["red"] == true,
        expectations,
        on_page: on_page.into_iter().map(|it| it.text).collect(),
    }
}

/// A seed that has not been used.
pub fn new_seed() -> u32 {
    std::time::UNIX_EPOCH.elapsed().map_or(1, |since| since.subsec_micros())
}

/// Random numbers: the generator mulberry32, because it is as short in JavaScript as here.
pub struct Random(u32);

impl Random {
    pub fn new(seed: u32) -> Random {
        Random(seed)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x6D2B_79F5);
        let mut t = (self.0 ^ self.0 >> 15).wrapping_mul(self.0 | 1);
        t ^= t.wrapping_add((t ^ t >> 7).wrapping_mul(t | 61));
        (t ^ t >> 14) % end
    }

    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.below(256) as u8)
    }

    fn letters(&mut self, count: u32) -> String {
        (0..count).map(|_| char::from(b'a' + self.below(26) as u8)).collect()
    }
}

/// The words of one check, new for each. All contain the `tag`: on a route that clients share, a message without
/// it is another client's.
pub struct Words {
    pub seed: u32,
    pub tag: String,
    /// `{1}` to `{6}`. They have letters beyond a to z.
    numbered: Vec<String>,
    long: String,
    name: String,
    /// The id of a wire.
    id: String,
    /// A `Sec-WebSocket-Key` and a masking key.
    pub key: String,
    pub mask: [u8; 4],
}

impl Words {
    /// The order of these lines is that of `words.js`.
    pub fn new(seed: u32) -> Words {
        let random = &mut Random::new(seed);
        let tag = random.letters(5);
        let numbered = (0..6).map(|_| {
            let length = 3 + random.below(5);
            format!("{tag}-{}-äß", random.letters(length))
        });
        let numbered = numbered.collect();
        let long = format!("{tag}-{}", random.letters(300));
        let name = format!("{tag}-{}", random.letters(4));
        let id = random.letters(24);
        let key = base64(&random.bytes::<16>());
        Words { seed, numbered, long, name, id, key, mask: random.bytes(), tag }
    }

    /// Puts the words into a text: `{1}`, `{2:upper}`, `{3:hex}`, `{long}`, `{huge}`, `{name}`, `{id}`.
    pub fn fill(&self, text: &str) -> String {
        let mut filled = String::new();
        for (index, part) in text.split(['{', '}']).enumerate() {
            match index % 2 {
                0 => filled.push_str(part),
                _ => filled.push_str(&self.word(part)),
            }
        }
        filled
    }

    fn word(&self, name: &str) -> String {
        let (name, form) = name.split_once(':').unwrap_or((name, ""));
        let word = match name {
            "long" => self.long.clone(),
            "huge" => self.long.repeat(20), // longer than a text in the chat may be
            "name" => self.name.clone(),
            "id" => self.id.clone(),
            number => self.numbered[number.parse::<usize>().expect("a word of the table") - 1].clone(),
        };
        match form {
            "upper" => word.to_uppercase(),
            "hex" => word.bytes().map(|byte| format!("{byte:02x}")).collect(),
            _ => word,
        }
    }
}

/// Base64 (RFC 4648, section 4).
pub fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let groups = bytes.chunks(3).flat_map(|three| {
        let bits = (0..3).fold(0, |bits, at| bits << 8 | usize::from(three.get(at).copied().unwrap_or(0)));
        let digit = move |at: usize| {
            if at > three.len() { '=' } else { char::from(DIGITS[bits >> (18 - 6 * at) & 63]) }
        };
        (0..4).map(digit)
    });
    groups.collect()
}
