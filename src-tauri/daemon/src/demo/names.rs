//! Names, streets and telephone numbers of invented South Africans.

use super::dice::Dice;

/// First and last names of one community, so that a person's two names belong together.
struct Community {
    first: &'static [&'static str],
    last: &'static [&'static str],
}

const COMMUNITIES: &[Community] = &[
    Community {
        first: &[
            "Sipho",
            "Thandiwe",
            "Nomvula",
            "Bongani",
            "Zanele",
            "Sibusiso",
            "Nokuthula",
            "Mandla",
            "Lindiwe",
            "Themba",
            "Ntombi",
            "Musa",
        ],
        last: &[
            "Dlamini",
            "Nkosi",
            "Zulu",
            "Khumalo",
            "Mthembu",
            "Ngcobo",
            "Buthelezi",
            "Cele",
            "Mkhize",
            "Shabalala",
        ],
    },
    Community {
        first: &[
            "Ayanda",
            "Luyanda",
            "Nomsa",
            "Siyabonga",
            "Xolani",
            "Andile",
            "Noluthando",
            "Vuyo",
            "Zukiswa",
            "Lwazi",
        ],
        last: &["Ndlovu", "Sigcau", "Mqhayi", "Jola", "Qwabe", "Ntshinga", "Gqola", "Mabandla"],
    },
    Community {
        first: &[
            "Thabo",
            "Lerato",
            "Kagiso",
            "Palesa",
            "Tshepo",
            "Refilwe",
            "Neo",
            "Dineo",
            "Karabo",
            "Mpho",
            "Boitumelo",
        ],
        last: &[
            "Mokoena",
            "Molefe",
            "Motaung",
            "Sekgobela",
            "Modise",
            "Tau",
            "Moloi",
            "Phiri",
            "Kgosi",
            "Maseko",
        ],
    },
    Community {
        first: &["Rudzani", "Tendani", "Mulalo", "Hlulani", "Tsakani", "Nyiko", "Vutomi", "Livhuwani"],
        last: &["Netshitenzhe", "Mudau", "Baloyi", "Maluleke", "Chauke", "Mabunda", "Tshivhase"],
    },
    Community {
        first: &[
            "Pieter", "Annelie", "Johan", "Elsabe", "Hennie", "Marelize", "Francois", "Ilse", "Willem",
            "Riana",
        ],
        last: &[
            "van der Merwe",
            "Botha",
            "Pretorius",
            "Venter",
            "Joubert",
            "Steyn",
            "du Plessis",
            "Coetzee",
            "Nel",
        ],
    },
    Community {
        first: &[
            "James", "Megan", "Gareth", "Nicola", "Sean", "Bronwyn", "Craig", "Tracy", "Duncan", "Lauren",
        ],
        last: &[
            "Smith",
            "Campbell",
            "Naylor",
            "Harding",
            "Whitfield",
            "Barlow",
            "Thornton",
            "Ashby",
            "Morgan",
        ],
    },
    Community {
        first: &[
            "Ashwin", "Priya", "Kavish", "Shanice", "Rajen", "Nerisha", "Yusuf", "Fatima", "Thiru", "Ayesha",
        ],
        last: &[
            "Naidoo", "Govender", "Pillay", "Moodley", "Patel", "Reddy", "Chetty", "Maharaj", "Ebrahim",
            "Khan",
        ],
    },
    Community {
        first: &[
            "Ashley",
            "Chantel",
            "Riyaad",
            "Zaida",
            "Clinton",
            "Faiza",
            "Granville",
            "Nazeem",
            "Charlene",
            "Ilhaam",
        ],
        last: &[
            "Adams",
            "Jacobs",
            "Petersen",
            "September",
            "Davids",
            "Isaacs",
            "Fortuin",
            "Hendricks",
            "Abrahams",
        ],
    },
];

const STREETS: &[&str] = &[
    "Jacaranda Avenue",
    "Protea Road",
    "Kingfisher Lane",
    "Church Street",
    "Acacia Close",
    "Strelitzia Road",
    "Baobab Crescent",
    "Milkwood Drive",
    "Hadeda Street",
    "Marula Avenue",
    "Fynbos Way",
    "Oak Lane",
];

/// A first and a last name of one community.
pub(super) fn person(dice: &mut Dice) -> (&'static str, &'static str) {
    let community = dice.pick(COMMUNITIES);
    (*dice.pick(community.first), *dice.pick(community.last))
}

/// A South African mobile number in E.164, "+27" and nine digits.
pub(super) fn phone(dice: &mut Dice) -> String {
    let prefix = *dice.pick(&["60", "61", "71", "72", "73", "76", "78", "82", "83", "84"]);
    format!("+27{prefix}{:07}", dice.between(0, 9_999_999))
}

/// A street address in `place`.
pub(super) fn address(dice: &mut Dice, place: &str, city: &str) -> String {
    let street = *dice.pick(STREETS);
    let number = dice.between(1, 240);
    if dice.chance(250) {
        let unit = dice.between(1, 60);
        return format!("Unit {unit}, {number} {street}, {place}, {city}");
    }
    format!("{number} {street}, {place}, {city}")
}

/// An e-mail address on a domain reserved for examples.
pub(super) fn email(first: &str, last: &str, number: usize) -> String {
    let last: String = last.chars().filter(char::is_ascii_alphabetic).collect();
    format!("{}.{}{number}@example.com", first.to_lowercase(), last.to_lowercase())
}
