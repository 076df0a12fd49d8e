//! What the page makes of a file before it sends it: upright, small, without metadata; or a sentence.

use super::*;

/// Picks a file and sends it. Returns what was sent: [announcement, names of metadata in the bytes].
fn send_file(page: &Page, file: &str) -> Value {
    let before = page.evaluate("sent.length");
    page.evaluate(&format!("(async () => pick(file({file}, 'a.jpg')))()"));
    send_previewed(page, "");
    page.wait_for(&format!("sent.length > {before}"));
    page.wait_for("!document.getElementById('photo-preview').open");
    let sent = "{ const { announcement, bytes } = sent.at(-1);
        if (announcement.size !== bytes.length) throw new Error('size');
        [announcement, metadataIn(bytes)] }";
    page.evaluate(sent)
}

#[test]
fn photos_arrive_upright_and_without_metadata() {
    let server = Server::start(&["--host", "lab.test"]);
    let browser = Browser::start();
    let (ana, _) = open_with_pictures(&browser, &server);
    let (ben, _) = open_with_pictures(&browser, &server);
    // Each with its type, its size, and the colours of its corners, as a user should see them.
    let cases = [
        ("withExif(await picture(120, 80), 1)", "image/jpeg", 120, 80, "red lime blue yellow"),
        ("withExif(await picture(120, 80), 3)", "image/jpeg", 120, 80, "yellow blue lime red"),
        ("withExif(await picture(120, 80), 6)", "image/jpeg", 80, 120, "blue red yellow lime"),
        ("withExif(await picture(120, 80), 8)", "image/jpeg", 80, 120, "lime yellow red blue"),
        ("withTexts(await picture(120, 80, 'image/png'))", "image/png", 120, 80, "red lime blue yellow"),
        (
            "withExifChunk(await picture(120, 80, 'image/webp'))",
            "image/webp",
            120,
            80,
            "red lime blue yellow",
        ),
    ];
    for (n, (file, mime, width, height, corners)) in cases.into_iter().enumerate() {
        let before = ana.evaluate(&format!("(async () => metadataIn({file}))()"));
        assert_ne!(before, json!([]), "{file} has something to lose");
        let sent = send_file(&ana, file);
        assert_eq!(sent[1], json!([]), "{file}");
        let [sent_mime, sent_width, sent_height] = ["mime", "width", "height"].map(|field| &sent[0][field]);
        assert_eq!(json!([sent_mime, sent_width, sent_height]), json!([mime, width, height]), "{file}");
        for page in [&ana, &ben] {
            page.wait_for(&format!("loaded({})", n + 1));
            assert_eq!(page.evaluate("look(photos().at(-1))"), json!([width, height, corners]), "{file}");
        }
        let arrived = "fetch(photos().at(-1).src).then((answer) => answer.arrayBuffer())
            .then((bytes) => metadataIn(new Uint8Array(bytes)))";
        assert_eq!(ben.evaluate(arrived), json!([]), "{file}");
    }
    ana.assert_clean();
    ben.assert_clean();
}

#[test]
fn gif_keeps_its_pictures_and_loses_its_comments() {
    let server = Server::start(&["--host", "lab.test", "--photo", "3000"]);
    let browser = Browser::start();
    let (ana, _) = open_with_pictures(&browser, &server);
    assert_ne!(ana.evaluate("metadataIn(gif(3))"), json!([]));
    let sent = send_file(&ana, "gif(3)");
    assert_eq!((&sent[0]["mime"], &sent[1]), (&json!("image/gif"), &json!([])));
    let pictures =
        "import('./chat/photo-metadata.js').then(({ readGif }) => readGif(sent.at(-1).bytes).pictures)";
    assert_eq!(ana.evaluate(pictures), 3);
    assert_eq!(ana.evaluate("sent.at(-1).bytes.at(-1)"), 0x3b);
    // Moving pictures of other kinds stop: the preview says so.
    ana.evaluate("(async () => pick(file(moving(await picture(9, 9, 'image/png')), 'a.png')))()");
    ana.wait_for(READY);
    ana.wait_for(
        "document.getElementById('photo-size').textContent.includes('only its first picture is sent')",
    );
    ana.press("Escape");
    ana.wait_for("!document.getElementById('photo-preview').open");
    let webp = "import('./chat/photo-kind.js').then(({ isMoving, kindOf }) => [0, 0b10].map((flags) => {
        const bytes = Uint8Array.from([...ascii('RIFF____WEBPVP8X'), 10, 0, 0, 0, flags, 0, 0, 0]);
        return [kindOf(bytes), isMoving(bytes, 'image/webp')]; }))";
    assert_eq!(ana.evaluate(webp), json!([["image/webp", false], ["image/webp", true]]));
    // Beyond the limit, one that moves is refused, and of one that does not a picture is sent.
    let sentence = problem_with(&ana, "gif(2, 3000), 'a.gif'");
    assert_eq!(sentence, "“a.gif” has 4 kB. A moving GIF is sent as it is, and may have 3 kB at most.");
    assert_eq!(send_file(&ana, "gif(1, 3000)")[0]["mime"], "image/png");
    assert_eq!(problem_with(&ana, "gif(2).slice(0, 60), 'a.gif'"), "“a.gif” is damaged.");
    ana.assert_clean();
}

#[test]
fn twelve_megapixels_end_at_1600_pixels() {
    let server = Server::start(&["--host", "lab.test"]);
    let browser = Browser::start();
    let (ana, _) = open_with_pictures(&browser, &server);
    let record = "void (() => { window.largest = 0; const { drawImage } = CanvasRenderingContext2D.prototype;
        CanvasRenderingContext2D.prototype.drawImage = function (...of) {
            window.largest = Math.max(largest, this.canvas.width * this.canvas.height);
            return drawImage.apply(this, of); }; })()";
    ana.evaluate(record);
    for (width, height, sent_width, sent_height) in [(4000, 3000, 1600, 1200), (3000, 4000, 1200, 1600)] {
        let sent = send_file(&ana, &format!("withExif(await picture({width}, {height}), 1)"));
        assert_eq!(sent[0]["width"], sent_width);
        assert_eq!(sent[0]["height"], sent_height);
        assert_eq!(sent[1], json!([]));
    }
    assert_eq!(ana.evaluate("largest"), 1600 * 1200);
    // A panorama keeps at least one row of pixels.
    let sent = send_file(&ana, "await picture(4000, 1, 'image/png')");
    assert_eq!(json!([sent[0]["width"], sent[0]["height"]]), json!([1600, 1]));
    ana.assert_clean();
}

#[test]
fn photo_beyond_the_limit_is_encoded_again_until_it_fits() {
    let server = Server::start(&["--host", "lab.test", "--photo", "60000"]);
    let browser = Browser::start();
    let (ana, _) = open_with_pictures(&browser, &server);
    // Noise cannot be compressed, so this one has to lose quality, and then size.
    for (kind, width) in [("image/jpeg", 300), ("image/png", 800)] {
        let sent = send_file(&ana, &format!("await picture({width}, {width}, '{kind}', {{ noise: true }})"));
        assert_eq!(sent[0]["mime"], "image/jpeg");
        let size = sent[0]["size"].as_u64().unwrap();
        assert!((20_000..=60_000).contains(&size), "{kind}: {size} bytes");
        assert_eq!(sent[0]["width"] == width, width == 300, "{kind}: {}", sent[0]);
    }
    ana.wait_for("loaded(2)");
    drop(server);

    let server = Server::start(&["--host", "lab.test", "--photo", "300"]);
    let (ben, _) = open_with_pictures(&browser, &server);
    let sentence = problem_with(&ben, "await picture(300, 300, 'image/png', { noise: true }), 'a.png'");
    assert_eq!(sentence, "“a.png” does not fit into the 1 kB that this server takes.");
    drop(server);

    let server = Server::start(&["--host", "lab.test", "--photo", "0"]);
    let (cy, _) = open_with_pictures(&browser, &server);
    assert_eq!(cy.evaluate("document.getElementById('photo-button').checkVisibility()"), false);
    cy.evaluate("drop(file(gif(1), 'a.gif'))");
    cy.wait_for("note.textContent === 'This server takes no photos.'");
    cy.assert_clean();
}

#[test]
fn what_cannot_be_sent_is_refused_with_a_sentence() {
    let server = Server::start(&["--host", "lab.test"]);
    let browser = Browser::start();
    let (ana, _) = open_with_pictures(&browser, &server);
    let no_picture = "“a.jpg” is no picture in JPEG, PNG, GIF or WebP, so it cannot be sent.";
    let damaged = "“a.jpg” is damaged: this browser cannot read it.";
    let heic = "“IMG_1.HEIC” is in the format HEIC, which this browser cannot read. Save it as JPEG, then send that.";
    for (file, sentence) in [
        (
            "['<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"9\" height=\"9\"/>'], 'a.jpg', { type: 'image/jpeg' }",
            no_picture,
        ),
        ("['<!DOCTYPE html><p>hello'], 'a.jpg', { type: 'image/jpeg' }", no_picture),
        ("[], 'a.jpg', { type: 'image/jpeg' }", no_picture),
        ("[Uint8Array.of(0, 0, 0, 24), 'ftypheic', new Uint8Array(90)], 'IMG_1.HEIC'", heic),
        (
            "[Uint8Array.of(0, 0, 0, 24), 'ftypmif1', new Uint8Array(90)], 'IMG_1.HEIC', { type: 'image/jpeg' }",
            heic,
        ),
        ("[(await picture(80, 60)).slice(0, 40)], 'a.jpg'", damaged),
        ("[(await picture(80, 60, 'image/png')).slice(0, 40)], 'a.jpg'", damaged),
        ("[Uint8Array.of(0xff, 0xd8, 0xff), 'nothing more'], 'a.jpg'", damaged),
    ] {
        ana.evaluate(&format!("(async () => pick(new File({file})))()"));
        ana.wait_for("document.getElementById('photo-note').textContent !== ''");
        assert_eq!(ana.evaluate("document.getElementById('photo-note').textContent"), sentence, "{file}");
        assert_eq!(ana.evaluate("document.getElementById('photo-cancel').textContent"), "Close");
        ana.press("Escape");
        ana.wait_for("!document.getElementById('photo-preview').open");
    }
    // Of a file that is cut off later, a browser shows a part: the preview says so.
    for kind in ["jpeg", "png", "webp"] {
        let cut = "{ noise: true })).slice(0, -20)], 'a.jpg')";
        for (file, is_cut) in [(cut, true), (&cut.replace("-20", "1e9"), false)] {
            let made = format!("new File([(await picture(80, 60, 'image/{kind}', {file}");
            ana.evaluate(&format!("(async () => pick({made}))()"));
            ana.wait_for(READY);
            let words = ana.evaluate_text("document.getElementById('photo-size').textContent");
            assert_eq!(words.contains("The end of the file is missing"), is_cut, "{made}: {words}");
            ana.press("Escape");
            ana.wait_for("!document.getElementById('photo-preview').open");
        }
    }
    // Of several files, one that cannot be sent does not stop the others.
    ana.evaluate("(async () => pick(new File(['no'], 'a.txt'), file(await picture(80, 60), 'b.jpg')))()");
    ana.wait_for("document.getElementById('photo-note').textContent.startsWith('“a.txt” is no picture')");
    ana.evaluate("document.getElementById('photo-skip').click()");
    send_previewed(&ana, "");
    ana.wait_for("loaded(1)");
    ana.assert_clean();
}

/// Firefox and Brave can be told to do this, so that pages do not recognise a device by how it draws.
#[test]
fn browser_that_protects_against_fingerprinting_sends_no_stripes() {
    let server = Server::start(&["--host", "lab.test"]);
    let browser = Browser::start();
    let (ana, _) = open_with_pictures(&browser, &server);
    let disturb = |change: &str| {
        ana.evaluate(&format!(
            "void (() => {{ const proto = CanvasRenderingContext2D.prototype;
                window.undisturbed ??= proto.getImageData;
                proto.getImageData = function (...of) {{
                    const pixels = undisturbed.apply(this, of);
                    pixels.data.forEach((value, at) => {{ pixels.data[at] = {change}; }});
                    return pixels;
                }}; }})()"
        ));
    };
    for change in ["255", "(value + 16 * (at % 5)) % 256", "at % 256"] {
        disturb(change);
        let sentence = problem_with(&ana, "await picture(80, 60), 'a.jpg'");
        assert!(sentence.contains("protection against fingerprinting"), "{sentence}");
    }
    // A GIF is not drawn, and noise that no one sees does no harm.
    send_file(&ana, "gif(2)");
    disturb("value ^ 1");
    send_file(&ana, "await picture(80, 60)");

    // A picture that is never decoded, and one that is never encoded. (The page's 10 s are cut down.)
    let hurry = "window.decode = HTMLImageElement.prototype.decode;
        const wait = setTimeout;
        window.setTimeout = (call, time) => wait(call, time === 10_000 ? 300 : time);
        picture(80, 60).then((made) => { window.made = made; })";
    ana.evaluate(hurry);
    for hang in [
        "HTMLImageElement.prototype.decode = () => new Promise(() => {})",
        "HTMLImageElement.prototype.decode = decode; HTMLCanvasElement.prototype.toBlob = () => {}",
    ] {
        ana.evaluate(&format!("{hang}; 0"));
        let sentence = problem_with(&ana, "made, 'a.jpg'");
        assert_eq!(sentence, "“a.jpg” takes too long: this browser did not read it within 10 seconds.");
    }
    ana.assert_clean();
}

#[test]
fn text_beside_a_picture_in_the_clipboard_wins() {
    let server = Server::start(&["--host", "lab.test"]);
    let browser = Browser::start();
    let (ana, _) = open_with_pictures(&browser, &server);
    let paste_with = |text: &str, name: &str| {
        ana.evaluate(&format!(
            "(async () => {{
                const data = transfer(file(await picture(80, 60, 'image/png'), '{name}'));
                data.setData('text/html', '<table><tr><td>7</table>');
                if ('{text}') data.setData('text/plain', '{text}');
                text.focus();
                return paste(data);
            }})()"
        ))
    };
    assert_eq!(paste_with("7\\t8", "image.png"), true, "Excel: the browser pastes the text");
    assert_eq!(ana.evaluate("document.getElementById('photo-preview').open"), false);
    // A picture of a web page has HTML beside it, and a file that was copied on a Mac its name.
    for (text, name) in [("", "image.png"), ("holiday.png", "holiday.png")] {
        assert_eq!(paste_with(text, name), false);
        ana.wait_for(READY);
        ana.press("Escape");
        ana.wait_for("!document.getElementById('photo-preview').open");
    }
    // Text alone, and text that is dragged, are left to the browser.
    assert_eq!(
        ana.evaluate("{ const data = new DataTransfer(); data.setData('text/plain', 'a'); paste(data) }"),
        true
    );
    // A file that is dropped while a dialog is open does not make the browser leave the page.
    ana.evaluate("me.click()");
    ana.evaluate("drop(file(gif(1), 'a.gif'))");
    assert_eq!(ana.evaluate("document.getElementById('photo-preview').open"), false);
    ana.assert_clean();
}

/// Safari writes an Exif of its own when it encodes a canvas.
#[test]
fn what_a_browser_adds_to_an_encoded_canvas_is_taken_out() {
    let server = Server::start(&["--host", "lab.test"]);
    let browser = Browser::start();
    let (ana, _) = open_with_pictures(&browser, &server);
    let stripped = "import('./chat/photo-metadata.js').then(async ({ withoutMetadata }) => {
        const [jpeg, png] = [await picture(80, 60), await picture(80, 60, 'image/png')];
        const cases = [[withExif(jpeg, 1), 'image/jpeg', jpeg], [withTexts(png), 'image/png', png]];
        return Promise.all(cases.map(async ([bytes, kind, original]) => {
            const clean = withoutMetadata(bytes, kind);
            const image = new Image();
            image.src = URL.createObjectURL(new Blob([clean]));
            await image.decode();
            return [metadataIn(clean), look(image), clean.length <= original.length];
        }));
    })";
    let look = json!([80, 60, "red lime blue yellow"]);
    assert_eq!(ana.evaluate(stripped), json!([[[], look, true], [[], look, true]]));
}
