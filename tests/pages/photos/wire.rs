//! A photo in the wire view: a binary message, which Chromium cuts into several frames.

use super::*;

#[test]
fn frames_of_a_photo_stand_together_with_their_sum_and_are_not_shown_as_text() {
    let server = Server::start(&["--host", "lab.test"]);
    let browser = Browser::start();
    let (ana, _) = open_with_pictures(&browser, &server);
    ana.evaluate("document.getElementById('wire-button').click()");
    ana.wait_for("document.querySelector('.wire-state').textContent.startsWith('Watching /chat')");
    // Noise cannot be compressed: 320 × 320 pixels of 3 bytes.
    ana.evaluate(
        "(async () => pick(file(await picture(320, 320, 'image/png', { noise: true }), 'a.png')))()",
    );
    send_previewed(&ana, "");
    ana.wait_for(
        "document.querySelector('.wire-view .many .frame:last-of-type .fin')?.textContent === 'Fin 1'",
    );
    let bytes = ana.evaluate("sent[0].bytes.length").as_u64().unwrap();
    assert!((300_000..400_000).contains(&bytes), "{bytes}");

    // Each frame with its opcode, Fin and size.
    let texts = |selector: &str| {
        ana.evaluate(&format!(
            "Array.from(document.querySelectorAll('.many {selector}'), (it) => it.textContent)"
        ))
    };
    let count = texts(".frame").as_array().unwrap().len();
    assert!(count > 1, "Chromium cuts it");
    let sizes = texts(".size");
    let number = |text: &Value| text.as_str().unwrap().replace(|it: char| !it.is_ascii_digit(), "");
    let sum: u64 = sizes.as_array().unwrap().iter().map(|size| number(size).parse::<u64>().unwrap()).sum();
    assert_eq!(sum, bytes);
    let mut opcodes = vec!["Continuation"; count];
    opcodes[0] = "Binary";
    assert_eq!(texts(".opcode"), json!(opcodes));
    let mut fins = vec!["Fin 0"; count];
    fins[count - 1] = "Fin 1";
    assert_eq!(texts(".fin"), json!(fins));
    let formatted = ana.evaluate_text(&format!("({bytes}).toLocaleString('en-GB')"));
    let words = format!("Binary message to server in {count} frames, {formatted} bytes in all");
    assert_eq!(texts(".sum"), json!([words]));

    // The first frame in full: opcode 2, a length in 64 bits, and no text.
    ana.evaluate("document.querySelector('.many .frame > summary').click()");
    ana.wait_for("document.querySelector('.many .fields')");
    let fields = texts(".fields code").to_string();
    assert!(fields.contains("0x2 Binary") && fields.contains("\"127\""), "{fields}");
    let bits =
        "Array.from(document.querySelectorAll('.many .bit')).filter((it) => it.dataset.fields === 'extended')
        .map((it) => it.textContent.replace(/[^01]/g, '')).join('').length";
    assert_eq!(ana.evaluate(bits), 64);
    for (selector, count) in [(".xor", 1), (".payload", 1), (".character", 0), (".text-payload", 0)] {
        let js = format!("document.querySelectorAll('.many {selector}').length");
        assert_eq!(ana.evaluate(&js), count, "{selector}");
    }
    assert!(!texts("th").to_string().contains("Text"));
    let previews = texts(".preview").to_string();
    assert!(previews.starts_with("[\"89 50 4e 47 0d 0a 1a 0a …\""), "{previews}");
    // The announcement before it is a text.
    let before = "document.querySelector('.message:has(+ .many) .preview').textContent";
    let before = ana.evaluate_text(before);
    assert!(before.starts_with("“{\"type\":\"photo\",\"mime\":\"image/png\""), "{before}");
    ana.assert_clean();
}
