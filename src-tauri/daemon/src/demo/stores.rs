//! The partner stores of four cities and the names their tills send to the bank.

use super::dice::Dice;
use serde_json::{Value, json};

/// A chain: what its shops are called in the order system and at the till.
pub(super) struct Brand {
    name: &'static str,
    till: &'static str,
    short: &'static str,
    /// Chains whose names could be taken for each other share a family.
    pub family: &'static str,
    category: &'static str,
}

const fn brand(
    name: &'static str,
    till: &'static str,
    short: &'static str,
    family: &'static str,
    category: &'static str,
) -> Brand {
    Brand { name, till, short, family, category }
}

static PNP: Brand = brand("Pick n Pay", "PICK N PAY", "PNP", "pnp", "5411");
static PNP_LIQUOR: Brand = brand("Pick n Pay Liquor", "PICK N PAY LIQUOR", "PNP LIQUOR", "pnp", "5921");
static CHECKERS: Brand = brand("Checkers", "CHECKERS", "CHECKERS", "checkers", "5411");
static CHECKERS_LIQUOR: Brand =
    brand("LiquorShop Checkers", "LIQUORSHOP CHECKERS", "LIQUORSHOP", "checkers", "5921");
static HYPER: Brand = brand("Checkers Hyper", "CHECKERS HYPER", "CHECKERS HYPER", "checkers", "5411");
static SPAR: Brand = brand("Spar", "SPAR", "SUPERSPAR", "spar", "5411");
static TOPS: Brand = brand("Tops at Spar", "TOPS AT SPAR", "TOPS", "spar", "5921");
static WOOLWORTHS: Brand = brand("Woolworths", "WOOLWORTHS", "WW FOOD", "woolworths", "5411");
static MAKRO: Brand = brand("Makro", "MAKRO", "MAKRO", "makro", "5300");
static MAKRO_LIQUOR: Brand = brand("Makro Liquor", "MAKRO LIQUOR", "MAKRO LIQ", "makro", "5921");
static FOOD_LOVERS: Brand = brand("Food Lover's Market", "FOOD LOVERS MARKET", "FLM", "food_lovers", "5411");
static DIS_CHEM: Brand = brand("Dis-Chem", "DIS-CHEM", "DISCHEM", "dis_chem", "5912");
static CLICKS: Brand = brand("Clicks", "CLICKS", "CLICKS", "clicks", "5912");

struct Site {
    brand: &'static Brand,
    place: &'static str,
    lat: f64,
    lng: f64,
    annex: Option<&'static Brand>,
}

const fn site(
    brand: &'static Brand,
    place: &'static str,
    lat: f64,
    lng: f64,
    annex: Option<&'static Brand>,
) -> Site {
    Site { brand, place, lat, lng, annex }
}

/// A city with its partner sites.
pub(super) struct City {
    pub name: &'static str,
    pub lat: f64,
    pub lng: f64,
    sites: &'static [Site],
}

/// Eleven sites and four liquor annexes each: sixty stores in all.
pub(super) static CITIES: [City; 4] = [
    City {
        name: "Johannesburg",
        lat: -26.107,
        lng: 28.05,
        sites: &[
            site(&PNP, "Woodmead", -26.0561, 28.0943, Some(&PNP_LIQUOR)),
            site(&CHECKERS, "Sandton", -26.1076, 28.0567, Some(&CHECKERS_LIQUOR)),
            site(&SPAR, "Rosebank", -26.1457, 28.0436, Some(&TOPS)),
            site(&MAKRO, "Woodmead", -26.0498, 28.0889, Some(&MAKRO_LIQUOR)),
            site(&WOOLWORTHS, "Sandton", -26.1084, 28.0521, None),
            site(&HYPER, "Fourways", -26.019, 28.006, None),
            site(&FOOD_LOVERS, "Bryanston", -26.054, 28.026, None),
            site(&DIS_CHEM, "Hyde Park", -26.127, 28.033, None),
            site(&CLICKS, "Randburg", -26.0936, 28.0064, None),
            site(&PNP, "Norwood", -26.158, 28.077, None),
            site(&WOOLWORTHS, "Rosebank", -26.1465, 28.0413, None),
        ],
    },
    City {
        name: "Cape Town",
        lat: -33.95,
        lng: 18.5,
        sites: &[
            site(&PNP, "Claremont", -33.9815, 18.4655, Some(&PNP_LIQUOR)),
            site(&CHECKERS, "Sea Point", -33.9178, 18.3883, Some(&CHECKERS_LIQUOR)),
            site(&SPAR, "Gardens", -33.9342, 18.4128, Some(&TOPS)),
            site(&MAKRO, "Milnerton", -33.8726, 18.5051, Some(&MAKRO_LIQUOR)),
            site(&WOOLWORTHS, "Cavendish Square", -33.9803, 18.4633, None),
            site(&HYPER, "Tygervalley", -33.8731, 18.6329, None),
            site(&FOOD_LOVERS, "Constantia", -34.0275, 18.4241, None),
            site(&DIS_CHEM, "Canal Walk", -33.8935, 18.5107, None),
            site(&CLICKS, "Kenilworth", -33.9966, 18.4824, None),
            site(&PNP, "Rondebosch", -33.9618, 18.4762, None),
            site(&WOOLWORTHS, "Waterfront", -33.9036, 18.4209, None),
        ],
    },
    City {
        name: "Durban",
        lat: -29.8,
        lng: 31.0,
        sites: &[
            site(&PNP, "Musgrave", -29.8487, 31.0005, Some(&PNP_LIQUOR)),
            site(&CHECKERS, "Westville", -29.8318, 30.9305, Some(&CHECKERS_LIQUOR)),
            site(&SPAR, "Glenwood", -29.8706, 30.9937, Some(&TOPS)),
            site(&MAKRO, "Springfield", -29.8159, 30.9946, Some(&MAKRO_LIQUOR)),
            site(&WOOLWORTHS, "Gateway Umhlanga", -29.7263, 31.0661, None),
            site(&HYPER, "Pinetown", -29.8177, 30.8674, None),
            site(&FOOD_LOVERS, "Hillcrest", -29.7803, 30.7627, None),
            site(&DIS_CHEM, "La Lucia", -29.7527, 31.0616, None),
            site(&CLICKS, "Ballito", -29.539, 31.2144, None),
            site(&PNP, "Durban North", -29.7896, 31.0373, None),
            site(&WOOLWORTHS, "Pavilion", -29.8491, 30.9357, None),
        ],
    },
    City {
        name: "Pretoria",
        lat: -25.77,
        lng: 28.25,
        sites: &[
            site(&PNP, "Menlyn", -25.7826, 28.2757, Some(&PNP_LIQUOR)),
            site(&CHECKERS, "Brooklyn", -25.7707, 28.2351, Some(&CHECKERS_LIQUOR)),
            site(&SPAR, "Hatfield", -25.7487, 28.238, Some(&TOPS)),
            site(&MAKRO, "Silver Lakes", -25.7806, 28.3381, Some(&MAKRO_LIQUOR)),
            site(&WOOLWORTHS, "Menlyn", -25.7836, 28.2743, None),
            site(&HYPER, "Centurion", -25.8589, 28.1858, None),
            site(&FOOD_LOVERS, "Lynnwood", -25.7639, 28.2832, None),
            site(&DIS_CHEM, "Woodlands", -25.8255, 28.3223, None),
            site(&CLICKS, "Faerie Glen", -25.7887, 28.3021, None),
            site(&PNP, "Waterkloof", -25.8032, 28.2465, None),
            site(&WOOLWORTHS, "Hazelwood", -25.7785, 28.2541, None),
        ],
    },
];

/// One partner store of the order system.
pub(super) struct Store {
    pub id: String,
    pub name: String,
    pub brand: &'static Brand,
    pub place: &'static str,
    pub city: usize,
    pub liquor: bool,
    /// Where it really is.
    pub lat: f64,
    pub lng: f64,
    /// Where its record says it is.
    told: (f64, f64),
    branch: i64,
    aliases: Vec<String>,
    /// The liquor annex of a grocery store, as an index into the stores.
    pub annex: Option<usize>,
    /// Whether the annex's till is among the grocery store's own aliases.
    pub annex_listed: bool,
}

/// How a till writes its shop's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// "PICK N PAY WOODMEAD"
    Plain,
    /// "PNP 1234 WOODMEAD", or "CHECKERS HYPER 34567" where the store lists that as an alias.
    Branch,
    /// "WOOLWORTHS SANDTON ZA"
    Country,
    /// "CHECKERS SANDTON JOHANN": plain with the city.
    City,
}

/// The bank cuts merchant names at this many characters.
pub(super) const NAME_LENGTH_MAX: usize = 23;

impl Store {
    /// The merchant name as the bank sends it: upper case, at most 23 characters.
    pub fn till_name(&self, form: Form) -> String {
        let brand = self.brand;
        let place = self.place.to_uppercase();
        let branch = self.branch;
        let name = match form {
            Form::Plain => format!("{} {place}", brand.till),
            Form::Branch if self.has_branch_alias() => format!("{} {branch}", brand.till),
            Form::Branch => format!("{} {branch} {place}", brand.short),
            Form::Country => format!("{} {place} ZA", brand.till),
            Form::City => format!("{} {place} {}", brand.till, CITIES[self.city].name.to_uppercase()),
        };
        cut(&name)
    }

    /// The merchant category code of its tills.
    pub fn category(&self) -> &'static str {
        self.brand.category
    }

    /// Whether its plain name is longer than the bank keeps.
    pub fn is_long(&self) -> bool {
        self.brand.till.len() + 1 + self.place.len() > NAME_LENGTH_MAX
    }

    /// Whether its record puts it where it is not.
    pub fn is_astray(&self) -> bool {
        (self.told.0 - self.lat).abs() > 0.5 || (self.told.1 - self.lng).abs() > 0.5
    }

    /// Kilometres to another store in a straight line, by where both really are.
    pub fn km_to(&self, other: &Store) -> f64 {
        km((self.lat, self.lng), (other.lat, other.lng))
    }

    fn has_branch_alias(&self) -> bool {
        self.brand.name == HYPER.name
    }

    /// The store as the order system sends it.
    pub fn line(&self) -> Value {
        json!({
            "id": self.id,
            "name": self.name,
            "merchant_aliases": self.aliases,
            "kind": if self.liquor { "liquor" } else { "grocery" },
            "lat": self.told.0,
            "lng": self.told.1,
            "partner": true,
        })
    }
}

fn cut(name: &str) -> String {
    let short: String = name.chars().take(NAME_LENGTH_MAX).collect();
    short.trim_end().to_owned()
}

/// Kilometres between two places (latitude, longitude) of one country: the earth is flat enough there.
pub(super) fn km(from: (f64, f64), to: (f64, f64)) -> f64 {
    const KM_PER_DEGREE: f64 = 111.19;
    let north = to.0 - from.0;
    let east = (to.1 - from.1) * f64::midpoint(from.0, to.0).to_radians().cos();
    north.hypot(east) * KM_PER_DEGREE
}

/// Where the record of a city's site says it is. Some are wrong in the ways people get coordinates wrong:
/// swapped, without the sign, nothing at all, a degree off. None of them has an annex.
fn told(city: usize, number: usize, lat: f64, lng: f64) -> (f64, f64) {
    match (city, number) {
        (0, 5) | (3, 8) => (lng, lat),
        (0, 6) | (2, 7) => (-lat, lng),
        (0, 7) | (1, 5) => (round(lat + 1.02), lng),
        (0, 8) | (1, 8) => (0.0, 0.0),
        _ => (lat, lng),
    }
}

/// Every store of every city, served or not: a stolen card is used anywhere. Each liquor annex follows its
/// grocery store.
pub(super) fn build(dice: &mut Dice) -> Vec<Store> {
    let mut stores: Vec<Store> = Vec::new();
    for (city, known) in CITIES.iter().enumerate() {
        for (number, site) in known.sites.iter().enumerate() {
            let at = stores.len();
            let mut grocery = store(dice, at, city, site, site.brand);
            grocery.told = told(city, number, site.lat, site.lng);
            stores.push(grocery);
            let Some(annex) = site.annex else { continue };
            let mut annex = store(dice, at + 1, city, site, annex);
            // The annex's door is some twenty metres from the grocery's.
            annex.lat = round(annex.lat + 0.0002);
            annex.told = (annex.lat, annex.lng);
            let listed = number % 2 == 0;
            let grocery = &mut stores[at];
            grocery.annex = Some(at + 1);
            grocery.annex_listed = listed;
            if listed {
                grocery.aliases.extend(annex_aliases(&annex));
            }
            stores.push(annex);
        }
    }
    stores
}

fn annex_aliases(annex: &Store) -> [String; 2] {
    let place = annex.place.to_uppercase();
    [format!("{} {place}", annex.brand.till), format!("{} {place}", annex.brand.short)]
}

fn store(dice: &mut Dice, at: usize, city: usize, site: &Site, brand: &'static Brand) -> Store {
    let mut store = Store {
        id: format!("store-{:03}", at + 1),
        name: format!("{} {}", brand.name, site.place),
        brand,
        place: site.place,
        city,
        liquor: brand.category == "5921",
        lat: site.lat,
        lng: site.lng,
        told: (site.lat, site.lng),
        branch: dice.between(1_000, 9_999),
        aliases: Vec::new(),
        annex: None,
        annex_listed: false,
    };
    if store.has_branch_alias() {
        store.branch = dice.between(30_000, 39_999);
        store.aliases.push(format!("{} {}", brand.till, store.branch));
    }
    let place = site.place.to_uppercase();
    if brand.short != brand.till {
        store.aliases.push(format!("{} {place}", brand.short));
    }
    if brand.name.contains(['\'', '-']) {
        store.aliases.push(format!("{} {place}", brand.till));
    }
    store
}

/// Degrees to five decimals, about a metre.
pub(super) fn round(degrees: f64) -> f64 {
    (degrees * 100_000.0).round() / 100_000.0
}

/// A place on one of a city's `number` sites' surroundings, within some six kilometres.
pub(super) fn home(dice: &mut Dice, city: usize, number: usize) -> (f64, f64) {
    let sites = CITIES[city].sites;
    let site = &sites[number % sites.len()];
    near(dice, site.lat, site.lng)
}

/// A place within some six kilometres.
pub(super) fn near(dice: &mut Dice, lat: f64, lng: f64) -> (f64, f64) {
    let mut degrees = || f64::from(u16::try_from(dice.between(0, 8_000)).unwrap_or(0)) / 1e5 - 0.04;
    (round(lat + degrees()), round(lng + degrees()))
}

/// A rough eight-sided delivery polygon around a city, `[lng, lat]` pairs, closed.
pub(super) fn delivery_area(city: usize) -> Value {
    const RADIUS_DEGREES: f64 = 0.35;
    let known = &CITIES[city];
    let corner = |step: u32| {
        let angle = f64::from(step % 8) * std::f64::consts::FRAC_PI_4;
        let lng = known.lng + RADIUS_DEGREES * angle.cos();
        let lat = known.lat + RADIUS_DEGREES * angle.sin();
        json!([round(lng), round(lat)])
    };
    json!({
        "id": format!("area-{}", city + 1),
        "name": known.name,
        "polygon": (0..=8).map(corner).collect::<Vec<Value>>(),
    })
}
