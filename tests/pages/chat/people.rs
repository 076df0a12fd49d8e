//! How people are told apart: their houses, hues and initials, and the list of members with its filter.

use serde_json::{Value, json};

use crate::support::browser::Browser;
use crate::support::chat::Member;
use crate::support::*;

#[test]
fn houses_of_84_people_in_a_row_differ_and_none_needs_its_colour_alone() {
    let server = Server::start(&[]);
    let browser = Browser::start();
    let page = browser.new_user();
    page.open_chat("localhost", server.port);
    let houses = page.evaluate(
        "import('./chat/house.js').then(({ houseElement }) => {
            const houses = Array.from({ length: 85 }, (_, n) => houseElement({ id: n + 1, name: 'ana' }));
            return houses.map((house) => house.outerHTML);
        })",
    );
    let houses: Vec<&str> = houses.as_array().unwrap().iter().filter_map(Value::as_str).collect();
    for (n, house) in houses[..84].iter().enumerate() {
        assert_eq!(houses.iter().position(|it| it == house), Some(n), "house {n} is that of another");
    }
    assert_eq!(houses[84], houses[0]);
    let initials = page.evaluate(
        "import('./chat/house.js').then(({ initialsOf }) => ['ben', 'Amber Kite', 'ben 2', 'student17',
            'Anna Maria Ñu', 'x', '田中', '🦜 kim', '42', 'e\\u0301va', 'שרה', 'jean-luc'].map(initialsOf))",
    );
    let expected = ["Be", "AK", "B2", "S17", "AÑ", "X", "田", "🦜", "42", "E\u{301}v", "שר", "JL"];
    assert_eq!(initials, json!(expected));

    // In the member list and beside the message. Of a member that is away the house is another one.
    let mut ben = Member::come(&server, "ben");
    ben.say("hello");
    page.wait_for_texts(1);
    let house = "document.querySelector('#people-list a .house[data-letters]')";
    let beside_message = "list.querySelector('li:not(.notice) > .house')";
    page.wait_for(&format!("{house}.dataset.letters === 'Be' && {beside_message}.dataset.letters === 'Be'"));
    assert_eq!(page.evaluate(&format!("{house}.className === {beside_message}.className")), true);
    ben.close(&1001u16.to_be_bytes());
    page.wait_for(&format!("{house}.matches('.away')"));
    // The operator is no member and has no house.
    assert_eq!(page.evaluate("document.querySelectorAll('#people-list .pole').length"), 1);
    page.assert_clean();
}

#[test]
fn names_and_initials_are_legible_in_all_hues_in_light_and_dark() {
    let server = Server::start(&[]);
    let browser = Browser::start();
    let page = browser.new_user();
    page.open_chat("localhost", server.port);
    let contrasts = "Promise.all([import('./chat/format.js'), import('./chat/house.js')])
        .then(([{ nameElement }, { houseElement }]) => {
            const context = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
            const luminance = (color) => {
                context.fillStyle = color;
                context.fillRect(0, 0, 1, 1);
                const [red, green, blue] = Array.from(context.getImageData(0, 0, 1, 1).data, (it) =>
                    it / 255 <= 0.04045 ? it / 255 / 12.92 : ((it / 255 + 0.055) / 1.055) ** 2.4);
                return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
            };
            const contrast = (a, b) => {
                const [low, high] = [luminance(a), luminance(b)].sort((one, other) => one - other);
                return (high + 0.05) / (low + 0.05);
            };
            const added = (element, where) => (where.append(element), getComputedStyle(element));
            const ground = document.createElement('div');
            ground.className = 'for-you';
            ground.innerHTML = '<div class=said></div>';
            document.body.append(ground);
            const grounds = ['sky', 'wall', 'ground'].map((name) =>
                getComputedStyle(document.documentElement).getPropertyValue(`--${name}`));
            grounds.push(getComputedStyle(ground.firstChild).backgroundColor);
            const found = [];
            for (let id = 1; id <= 12; id += 1) {
                const { color } = added(nameElement({ id, name: 'ana' }), document.body);
                for (const other of grounds) found.push([id, color, other, contrast(color, other)]);
                for (const isAway of [false, true]) {
                    const house = houseElement({ id, name: 'ana' }, { isAway });
                    const letters = added(house, document.body).color;
                    const wall = getComputedStyle(house, '::before').backgroundColor;
                    found.push([id, letters, wall, contrast(letters, wall)]);
                }
            }
            return { colors: new Set(found.map(([, color]) => color)).size, low: found.filter((it) => it[3] < 4.5) };
        })";
    for scheme in ["light", "dark"] {
        page.set_media(&[("prefers-color-scheme", scheme)]);
        let found = page.evaluate(contrasts);
        assert_eq!(found["low"], json!([]), "{scheme}");
        assert_eq!(found["colors"], 13, "twelve hues, and that of the letters");
    }
    page.assert_clean();
}

#[test]
fn long_member_list_has_low_rows_a_filter_and_a_sign_that_it_goes_on() {
    let server = Server::start(&[]);
    let browser = Browser::start();
    let page = browser.new_user();
    page.set_size(1280, 600);
    page.open_chat("localhost", server.port);
    let mut members: Vec<Member> = (1..19).map(|n| Member::come(&server, &format!("student {n}"))).collect();
    let filter = "document.getElementById('people-filter')";
    let count =
        |n: usize| page.wait_for(&format!("document.querySelectorAll('#people-list li').length === {n}"));
    count(20); // with "Everyone" and you
    assert_eq!(page.evaluate(&format!("{filter}.checkVisibility()")), false);
    members.push(Member::come(&server, "Zoë"));
    page.wait_for(&format!("{filter}.checkVisibility()"));
    let heights = "Array.from(new Set(Array.from(document.querySelectorAll('#people-list a'),
        (entry) => entry.offsetHeight)))";
    assert_eq!(page.evaluate(heights), json!([36]));
    page.wait_for("people.matches('.goes-on')");
    page.evaluate("people.scrollTop = people.scrollHeight");
    page.wait_for("!people.matches('.goes-on')");
    // The filter stays in view. It finds names by their keys, and Enter opens the first.
    let in_view = format!("{filter}.getBoundingClientRect().top >= people.getBoundingClientRect().top");
    assert_eq!(page.evaluate(&in_view), true);
    page.evaluate(&format!("{filter}.focus()"));
    page.type_text("T 1");
    count(11);
    assert_eq!(page.evaluate("document.getElementById('people-found').textContent"), "10 of 20");
    page.press("Escape");
    count(21);
    page.type_text("nemo");
    page.wait_for("document.getElementById('people-found').textContent === 'No one here has that name.'");
    page.press("Escape");
    page.type_text("ZOE\u{308}");
    count(2);
    page.press("Enter");
    page.wait_for("title.textContent === 'Zoë'");
    count(21);
    // On a telephone the rows are as high as a finger needs.
    page.set_size(360, 640);
    page.evaluate("people.showPopover()");
    page.wait_until_drawn();
    assert_eq!(page.evaluate(heights), json!([44]));
    assert!(page.evaluate(&format!("{filter}.offsetHeight")).as_u64() >= Some(44));
    page.assert_clean();
}
