//! The key of a name: the form in which names are compared. Two names that a reader takes for one have
//! the same key, and some of them are reserved.

use std::{collections::HashMap, sync::LazyLock};

use crate::text::{is_joiner_or_selector, is_mark};

/// The name of the server's operator. No member may have it.
pub const OPERATOR: &str = "operator";

/// What the chat itself is called on the pages: the operator, the room, and each reader.
const RESERVED: [&str; 3] = [OPERATOR, "everyone", "you"];

/// The key of a name. It is the same for
/// - upper and lower case, in every language at once: ß is ss, ς is σ, and I, İ, ı, i are one letter;
/// - letters with marks, composed or not (é, or e and U+0301): Unicode's canonical equivalence, without
///   that of symbols, Hebrew points, Tibetan, Balinese, and old scripts beyond U+FFFF;
/// - full-width letters and digits, and the bold, script, circled and other styles of them;
/// - letters of Cyrillic and Greek that look like a Latin one, in capitals or small; kinds of apostrophes
///   and hyphens; more blanks, or fewer;
/// - the same with joiners and variation selectors, or without.
pub fn key(name: &str) -> String {
    if name.is_ascii() {
        let words = name.split_whitespace();
        return words.collect::<Vec<_>>().join(" ").to_ascii_lowercase(); // *Speed*
    }
    let name = name.replace(is_joiner_or_selector, "");
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut chars = Vec::with_capacity(name.len());
    for c in name.chars() {
        plain(c).to_lowercase().for_each(|c| decompose(c, &mut chars));
    }
    let mut key = String::with_capacity(chars.len());
    for letter in chars.chunk_by_mut(|_, next| is_mark(*next)) {
        // Marks may be typed in any order. The dot of an i stands where a dot above it would stand.
        letter[1..].sort_unstable();
        let has_dot = matches!(letter[0], 'i' | 'ı' | 'j' | 'і' | 'ј');
        for c in letter.iter().filter(|c| !has_dot || **c != '\u{307}') {
            // By way of the capitals, where ß is SS, and ς and σ are one. *Speed*: in loops, because chained
            // iterators take a third page of the stack.
            for c in c.to_uppercase() {
                for c in c.to_lowercase() {
                    key.push(if c.is_ascii() { c } else { replace(c, LOOK_ALIKES) });
                }
            }
        }
    }
    key
}

/// Whether a name with this key could be taken for a name of the chat's own: `Operator`, `0perator`, `(you)`,
/// `Évery one 2`. Only letters count here, and digits that look like one.
pub fn is_reserved(key: &str) -> bool {
    let without_number = key.trim_end_matches(|c: char| !c.is_alphabetic());
    RESERVED.iter().any(|word| letters(word).eq(letters(key)) || letters(word).eq(letters(without_number)))
}

fn letters(key: &str) -> impl Iterator<Item = char> {
    key.chars().map(|c| replace(c, MORE_LOOK_ALIKES)).filter(|c| c.is_alphabetic())
}

/// Alphabets in other styles: first, last, how many there are before it begins anew, and the plain first.
#[rustfmt::skip]
const STYLES: [(u32, u32, u32, u8); 7] = [
    (0xFF01, 0xFF5E, 94, b'!'), // full-width
    (0x24B6, 0x24E9, 26, b'a'), // circled
    (0x1D400, 0x1D6A3, 26, b'a'), (0x1D7CE, 0x1D7FF, 10, b'0'), // mathematical
    (0x1F130, 0x1F149, 26, b'a'), (0x1F150, 0x1F169, 26, b'a'), (0x1F170, 0x1F189, 26, b'a'), // in a box
];

fn plain(c: char) -> char {
    let number = u32::from(c);
    let style = STYLES.iter().find(|(first, last, ..)| (*first..=*last).contains(&number));
    style.map_or(c, |(first, _, count, plain)| char::from(plain + ((number - first) % count) as u8))
}

/// Adds the letter without its marks, and then the marks in any order.
fn decompose(c: char, chars: &mut Vec<char>) {
    if ('가'..='힣').contains(&c) {
        // Korean syllables are numbered by their letters (Unicode, 3.12).
        let syllable = u32::from(c) - 0xAC00;
        let last = syllable % 28;
        let letters = [0x1100 + syllable / 588, 0x1161 + syllable / 28 % 21, 0x11A7 + last];
        let letters = letters.into_iter().filter_map(char::from_u32);
        chars.extend(letters.take(if last == 0 { 2 } else { 3 }));
        return;
    }
    let (mut letter, place) = (c, chars.len());
    while let Some((without, mark)) = DECOMPOSITIONS.get(&letter) {
        chars.push(*mark);
        letter = *without;
    }
    chars.insert(place, letter);
}

/// What stands behind `c` in these pairs of a letter and one that looks like it; or else `c`.
fn replace(c: char, pairs: &str) -> char {
    let mut pairs = pairs.chars();
    while let (Some(letter), Some(other)) = (pairs.next(), pairs.next()) {
        if letter == c {
            return other;
        }
    }
    c
}

const LOOK_ALIKES: &str = "аaвbеeкkмmнhоoрpсcтtуyхxѕsіiјjһhԁdԛqԝwӏlαaβbεeζzηhιiκkμmνnοoρpτtυyχx\
    ’'‘'ʼ'´'′'‐-‑-‒-–-—-−-";

/// For reserved names alone, because these make one name of two: `v` and `n` are what capital and small
/// Greek nu look like, `y` and `u` upsilon.
const MORE_LOOK_ALIKES: &str = "vnyu0o3e4a@a7tгrпnяrєeѵnүuøoŧtɏuɇeɑaɛeօoոnսuᴏoᴘpᴇeʀrᴀaᴛtᴠnʏuɴnᴜu\
    ᵒoᵖpᵉeʳrᵃaᵗtᵛnʸuⁿnᵘu";

/// Each letter with a mark, and what it is composed of.
static DECOMPOSITIONS: LazyLock<HashMap<char, (char, char)>> = LazyLock::new(|| {
    let mut decompositions = HashMap::new();
    for group in MARKED_LETTERS.split(' ') {
        let mut chars = group.chars();
        let Some(mark) = chars.next() else { continue };
        while let (Some(letter), Some(composed)) = (chars.next(), chars.next()) {
            decompositions.insert(composed, (letter, mark));
        }
    }
    decompositions
});

/// From UnicodeData.txt: groups of a mark, and then pairs of a letter without it and with it.
const MARKED_LETTERS: &str = "\
    \u{300}aàeèiìoòuùüǜnǹеѐиѝēḕōṑwẁâầăằêềôồơờưừyỳἀἂἁἃἐἒἑἓἠἢἡἣἰἲἱἳὀὂὁὃὐὒὑὓὠὢὡὣαὰεὲηὴιὶοὸυὺωὼϊῒϋῢ \u{301}a\
    áeéiíoóuúyýcćlĺnńrŕsśzźüǘgǵåǻæǽøǿϊΐαάεέηήιίϋΰοόυύωώϒϓгѓкќçḉēḗïḯkḱmḿõṍōṓpṕũṹwẃâấăắêếôốơớưứἀἄἁἅἐἔἑἕἠἤἡ\
    ἥἰἴἱἵὀὄὁὅὐὔὑὕὠὤὡὥαάεέηήιίοόυύωώϊΐϋΰ \u{302}aâeêiîoôuûcĉgĝhĥjĵsŝwŵyŷzẑạậẹệọộ \u{303}aãnñoõiĩuũvṽâẫăẵe\
    ẽêễôỗơỡưữyỹ \u{304}aāeēiīoōuūüǖäǟȧǡæǣǫǭöȫõȭȯȱyȳиӣуӯgḡḷḹṛṝαᾱιῑυῡ \u{306}aăeĕgğiĭoŏuŭийуўжӂаӑеӗȩḝạặαᾰι\
    ῐυῠ \u{307}cċeėgġzżaȧoȯbḃdḋfḟhḣmṁnṅpṗrṙsṡśṥšṧṣṩtṫwẇxẋyẏſẛ \u{308}aäeëiïoöuüyÿιϊυϋϒϔеёіїаӓәӛжӝзӟиӥоӧө\
    ӫэӭуӱчӵыӹhḧõṏūṻwẅxẍtẗ \u{309}aảâẩăẳeẻêểiỉoỏôổơởuủưửyỷ \u{30A}aåuůwẘyẙ \u{30B}oőuűуӳ \u{30C}cčdďeělľn\
    ňrřsštťzžaǎiǐoǒuǔüǚgǧkǩʒǯjǰhȟ \u{30F}aȁeȅiȉoȍrȑuȕѵѷ \u{311}aȃeȇiȋoȏrȓuȗ \u{313}αἀεἐηἠιἰοὀυὐωὠρῤ \
    \u{314}αἁεἑηἡιἱοὁυὑωὡρῥ \u{31B}oơuư \u{323}bḅdḍhḥkḳlḷmṃnṇrṛsṣtṭvṿwẉzẓaạeẹiịoọơợuụưựyỵ \u{324}uṳ \
    \u{325}aḁ \u{326}sștț \u{327}cçgģkķlļnņrŗsştţeȩdḑhḩ \u{328}aąeęiįuųoǫ \u{32D}dḓeḙlḽnṋtṱuṷ \u{32E}hḫ \
    \u{330}eḛiḭuṵ \u{331}bḇdḏkḵlḻnṉrṟtṯzẕhẖ \u{342}ἀἆἁἇἠἦἡἧἰἶἱἷὐὖὑὗὠὦὡὧαᾶηῆιῖϊῗυῦϋῧωῶ \u{345}ἀᾀἁᾁἂᾂἃᾃἄᾄἅ\
    ᾅἆᾆἇᾇἠᾐἡᾑἢᾒἣᾓἤᾔἥᾕἦᾖἧᾗὠᾠὡᾡὢᾢὣᾣὤᾤὥᾥὦᾦὧᾧὰᾲαᾳάᾴᾶᾷὴῂηῃήῄῆῇὼῲωῳώῴῶῷ \u{653}\u{627}\u{622} \u{654}\u{627}\
    \u{623}\u{648}\u{624}\u{64A}\u{626}\u{6D5}\u{6C0}\u{6C1}\u{6C2}\u{6D2}\u{6D3} \u{655}\u{627}\u{625} \
    \u{93C}नऩरऱळऴकक़खख़गग़जज़डड़ढढ़फफ़यय़ \u{9BC}ডড়ঢঢ়যয় \u{9BE}\u{9C7}\u{9CB} \u{9D7}\u{9C7}\u{9CC} \u{A3C}ਲਲ਼ਸਸ਼ਖ\
    ਖ਼ਗਗ਼ਜਜ਼ਫਫ਼ \u{B3C}ଡଡ଼ଢଢ଼ \u{B3E}\u{B47}\u{B4B} \u{B56}\u{B47}\u{B48} \u{B57}\u{B47}\u{B4C} \u{BBE}\u{BC6}\
    \u{BCA}\u{BC7}\u{BCB} \u{BD7}ஒஔ\u{BC6}\u{BCC} \u{C56}\u{C46}\u{C48} \u{CC2}\u{CC6}\u{CCA} \u{CD5}\
    \u{CBF}\u{CC0}\u{CC6}\u{CC7}\u{CCA}\u{CCB} \u{CD6}\u{CC6}\u{CC8} \u{D3E}\u{D46}\u{D4A}\u{D47}\u{D4B} \
    \u{D57}\u{D46}\u{D4C} \u{DCA}\u{DD9}\u{DDA}\u{DDC}\u{DDD} \u{DCF}\u{DD9}\u{DDC} \u{DDF}\u{DD9}\
    \u{DDE} \u{102E}ဥဦ \u{3099}かがきぎくぐけげこごさざしじすずせぜそぞただちぢつづてでとどはばひびふぶへべほぼうゔゝゞカガキギクグケゲコゴサザシジスズセゼソゾタダチヂツヅテデト\
    ドハバヒビフブヘベホボウヴワヷヰヸヱヹヲヺヽヾ \u{309A}はぱひぴふぷへぺほぽハパヒピフプヘペホポ";
