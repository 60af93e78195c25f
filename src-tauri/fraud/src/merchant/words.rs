//! The words that shops share: chains and their abbreviations, till formats, towns. Facts only, no judgement.
//!
//! A chain that is missing here still matches by its full name and by the aliases of the store record; the
//! table buys abbreviations, place-first names and brand-only strings.

/// A chain whose branches write their name in several ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Chain {
    PickNPay,
    Woolworths,
    FoodLovers,
    Spar,
    Checkers,
    Shoprite,
    Makro,
    Boxer,
    Clicks,
    DisChem,
    OkFoods,
    LiquorCity,
    UltraLiquors,
}

/// A size of shop that a chain runs under one brand; two different ones in one suburb are two shops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Hyper,
    Super,
    Kwik,
    Euro,
    Family,
    Local,
    Mini,
}

/// One way of writing a chain; `words` are folded and without `AND` or `N`.
pub(super) struct Phrase {
    pub words: &'static [&'static str],
    pub chain: Chain,
    pub format: Option<Format>,
    pub liquor: bool,
}

const fn phrase(words: &'static [&'static str], chain: Chain) -> Phrase {
    Phrase { words, chain, format: None, liquor: false }
}

const fn spar(words: &'static [&'static str], format: Format) -> Phrase {
    Phrase { words, chain: Chain::Spar, format: Some(format), liquor: false }
}

const fn liquor(words: &'static [&'static str], chain: Chain) -> Phrase {
    Phrase { words, chain, format: None, liquor: true }
}

/// Longest first within a chain, so that the first hit at a position is the longest.
pub(super) const PHRASES: &[Phrase] = &[
    phrase(&["PICK", "PAY"], Chain::PickNPay),
    phrase(&["PICKN", "PAY"], Chain::PickNPay),
    phrase(&["PICK", "NPAY"], Chain::PickNPay),
    phrase(&["PICKNPAY"], Chain::PickNPay),
    phrase(&["PICKANDPAY"], Chain::PickNPay),
    phrase(&["P", "P"], Chain::PickNPay),
    phrase(&["PNP"], Chain::PickNPay),
    phrase(&["WOOLWORTHS"], Chain::Woolworths),
    phrase(&["WOOLWORTH"], Chain::Woolworths),
    phrase(&["WOOLIES"], Chain::Woolworths),
    phrase(&["WW"], Chain::Woolworths),
    phrase(&["FOOD", "LOVERS", "MARKET"], Chain::FoodLovers),
    phrase(&["FOODLOVERS", "MARKET"], Chain::FoodLovers),
    phrase(&["FOOD", "LOVERS"], Chain::FoodLovers),
    phrase(&["FOODLOVERS"], Chain::FoodLovers),
    phrase(&["FRUIT", "VEG", "CITY"], Chain::FoodLovers),
    phrase(&["FLM"], Chain::FoodLovers),
    spar(&["SUPER", "SPAR"], Format::Super),
    spar(&["SUPERSPAR"], Format::Super),
    spar(&["KWIK", "SPAR"], Format::Kwik),
    spar(&["KWIKSPAR"], Format::Kwik),
    spar(&["QUICKSPAR"], Format::Kwik),
    spar(&["EUROSPAR"], Format::Euro),
    liquor(&["TOPS"], Chain::Spar),
    phrase(&["SPAR"], Chain::Spar),
    phrase(&["CHECKERS"], Chain::Checkers),
    phrase(&["SHOPRITE"], Chain::Shoprite),
    phrase(&["MAKRO"], Chain::Makro),
    phrase(&["BOXER"], Chain::Boxer),
    phrase(&["CLICKS"], Chain::Clicks),
    phrase(&["DIS", "CHEM"], Chain::DisChem),
    phrase(&["DISCHEM"], Chain::DisChem),
    phrase(&["OK", "FOODS"], Chain::OkFoods),
    phrase(&["OK", "GROCER"], Chain::OkFoods),
    phrase(&["OK", "MINIMARK"], Chain::OkFoods),
    liquor(&["OK", "LIQUOR"], Chain::OkFoods),
    liquor(&["LIQUOR", "CITY"], Chain::LiquorCity),
    liquor(&["ULTRA", "LIQUORS"], Chain::UltraLiquors),
    liquor(&["ULTRA", "LIQUOR"], Chain::UltraLiquors),
];

/// Abbreviations that name a chain only as the first word.
pub(super) const HEAD_ONLY: &[&str] = &["WW", "P", "FLM", "OK", "ULTRA", "BOXER"];

/// Words of a liquor till.
pub(super) const LIQUOR: &[&str] = &[
    "LIQUOR",
    "LIQUORS",
    "LIQ",
    "LIQUORSHOP",
    "LIQUORSTORE",
    "SUPERLIQUOR",
    "SUPERLIQUORS",
    "BOTTLESTORE",
    "DRANKWINKEL",
    "WCELLAR",
];

/// Words for a kind of shop that say nothing of which one.
pub(super) const FORMATS: &[(&str, Option<Format>)] = &[
    ("HYPER", Some(Format::Hyper)),
    ("HYPERMARKET", Some(Format::Hyper)),
    ("HYP", Some(Format::Hyper)),
    ("FAMILY", Some(Format::Family)),
    ("LOCAL", Some(Format::Local)),
    ("MINI", Some(Format::Mini)),
    ("MINIMARKET", Some(Format::Mini)),
    ("SUPERMARKET", None),
    ("SUPERMARKETS", None),
    ("SUPERSTORE", None),
    ("SUPERSTORES", None),
    ("SUPERMKT", None),
    ("STORE", None),
    ("STORES", None),
    ("SHOP", None),
    ("FOOD", None),
    ("FOODS", None),
    ("FOODHALL", None),
    ("MARKET", None),
    ("GROCER", None),
    ("GROCERY", None),
    ("GROCERIES", None),
    ("CORPORATE", None),
    ("FRANCHISE", None),
];

/// Another business under the grocer's sign: forecourts, services, clothing, web shops. None serves a grocery
/// order.
pub(super) const OTHER_BUSINESS: &[&str] = &[
    "ENGEN",
    "BP",
    "SHELL",
    "CALTEX",
    "SASOL",
    "TOTAL",
    "TOTALENERGIES",
    "ASTRON",
    "FUEL",
    "FORECOURT",
    "GARAGE",
    "PETROL",
    "FILLING",
    "FOODSTOP",
    "FRESHSTOP",
    "EXPRESS",
    "MONEY",
    "MONEYMARKET",
    "CLOTHING",
    "FASHION",
    "FURNITURE",
    "PHARMACY",
    "MEDIRITE",
    "EATERY",
    "USAVE",
    "CAFE",
    "WCAFE",
    "COFFEE",
    "RESTAURANT",
    "TICKETS",
    "COMPUTICKET",
    "AIRTIME",
    "MOBILE",
    "CELLULAR",
    "ONLINE",
    "SIXTY60",
    "ASAP",
    "DASH",
    "PETSHOP",
    "HARDWARE",
    "OUTDOOR",
    "CARWASH",
    "TRAVEL",
    "LOTTO",
    "BUILDIT",
    "BEAUTY",
    "HOMEWARE",
    "UNIFORMS",
    "INSURANCE",
    "FINANCIAL",
    "BANK",
];

/// Words of company form, dropped at the end of a name.
pub(super) const LEGAL: &[&str] = &["PTY", "LTD", "CC", "INC", "EDMS", "BPK"];

/// Country words, dropped at the end of a name.
pub(super) const COUNTRY: &[&str] = &["ZA", "ZAF", "RSA", "SA"];

/// Words of a place that do not tell two places apart.
pub(super) const PLACE_COMMON: &[&str] = &[
    "THE",
    "OF",
    "MALL",
    "CENTRE",
    "CENTER",
    "CITY",
    "SHOPPING",
    "RETAIL",
    "PARK",
    "SQUARE",
    "VILLAGE",
    "CORNER",
    "CROSSING",
    "PLAZA",
    "ROAD",
    "RD",
    "STREET",
    "ST",
    "AVENUE",
    "AVE",
    "DRIVE",
    "CNR",
    "SHOP",
    "NO",
    "LIFESTYLE",
    "JUNCTION",
    "AT",
];

/// Words that turn one suburb's name into another's ("Durban" and "Durban North").
pub(super) const DIRECTIONS: &[&str] = &[
    "NORTH",
    "SOUTH",
    "EAST",
    "WEST",
    "NORTHERN",
    "SOUTHERN",
    "EASTERN",
    "WESTERN",
    "UPPER",
    "LOWER",
    "EXTENSION",
];

/// Words that many shops of the trade carry, so that one alone names none of them.
pub(super) const TRADE_COMMON: &[&str] = &[
    "THE",
    "FOOD",
    "FOODS",
    "MARKET",
    "MARKETS",
    "LIQUOR",
    "LIQUORS",
    "LIQ",
    "STORE",
    "STORES",
    "SHOP",
    "SUPER",
    "SUPERMARKET",
    "WINE",
    "WINES",
    "SPIRITS",
    "CELLAR",
    "CELLARS",
    "BAR",
    "CAFE",
    "MEAT",
    "MEATS",
    "BUTCHERY",
    "BAKERY",
    "FRESH",
    "FRUIT",
    "VEG",
    "CITY",
    "FAMILY",
    "MINI",
    "QUALITY",
    "VILLAGE",
    "CORNER",
    "LOCAL",
    "EXPRESS",
    "CASH",
    "CARRY",
    "GROCER",
    "GROCERY",
    "TRADING",
    "ORGANIC",
    "REAL",
    "DELI",
    "HEALTH",
    "MALL",
    "CENTRE",
    "PARK",
    "SQUARE",
    "GENERAL",
    "DEALER",
    "HOUSE",
    "DISCOUNT",
    "WHOLESALE",
    "WHOLESALERS",
    "BEER",
    "BEVERAGES",
    "PICK",
    "GREEN",
    "GOURMET",
    "GOLDEN",
    "AFRICA",
    "AFRICAN",
    "SOUTH",
    "NORTH",
    "EAST",
    "WEST",
    "NEW",
    "ROYAL",
    "KITCHEN",
    "PANTRY",
];

/// A part of the country far enough from the others that one shop is not in two of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Region {
    Gauteng,
    CapeTown,
    Durban,
    NelsonMandelaBay,
    EastLondon,
    Bloemfontein,
    Polokwane,
    Mbombela,
    GardenRoute,
}

/// Names that a bank writes for a whole metropolitan area; one of them beside a chain's name is no branch.
pub(super) const METROS: &[(&[&str], Region)] = &[
    (&["JOHANNESBURG"], Region::Gauteng),
    (&["JHB"], Region::Gauteng),
    (&["JNB"], Region::Gauteng),
    (&["JOBURG"], Region::Gauteng),
    (&["GAUTENG"], Region::Gauteng),
    (&["EKURHULENI"], Region::Gauteng),
    (&["PRETORIA"], Region::Gauteng),
    (&["PTA"], Region::Gauteng),
    (&["TSHWANE"], Region::Gauteng),
    (&["CAPE", "TOWN"], Region::CapeTown),
    (&["CAPETOWN"], Region::CapeTown),
    (&["KAAPSTAD"], Region::CapeTown),
    (&["CPT"], Region::CapeTown),
    (&["DURBAN"], Region::Durban),
    (&["DBN"], Region::Durban),
    (&["ETHEKWINI"], Region::Durban),
    (&["PORT", "ELIZABETH"], Region::NelsonMandelaBay),
    (&["GQEBERHA"], Region::NelsonMandelaBay),
    (&["PLZ"], Region::NelsonMandelaBay),
    (&["EAST", "LONDON"], Region::EastLondon),
    (&["BLOEMFONTEIN"], Region::Bloemfontein),
    (&["BFN"], Region::Bloemfontein),
    (&["POLOKWANE"], Region::Polokwane),
    (&["NELSPRUIT"], Region::Mbombela),
    (&["MBOMBELA"], Region::Mbombela),
];

/// Suburbs and towns of one region only. Names found in two regions (Rosebank, Newlands, Claremont,
/// Kenilworth, Parklands, Westville, Melrose) stay out: they contradict nothing.
pub(super) const SUBURBS: &[(&[&str], Region)] = &[
    (&["SANDTON"], Region::Gauteng),
    (&["RANDBURG"], Region::Gauteng),
    (&["WOODMEAD"], Region::Gauteng),
    (&["MIDRAND"], Region::Gauteng),
    (&["FOURWAYS"], Region::Gauteng),
    (&["BRYANSTON"], Region::Gauteng),
    (&["SUNNINGHILL"], Region::Gauteng),
    (&["LONEHILL"], Region::Gauteng),
    (&["RIVONIA"], Region::Gauteng),
    (&["RANDRIDGE"], Region::Gauteng),
    (&["STRUBENS", "VALLEY"], Region::Gauteng),
    (&["ROODEPOORT"], Region::Gauteng),
    (&["KRUGERSDORP"], Region::Gauteng),
    (&["SOWETO"], Region::Gauteng),
    (&["BEDFORDVIEW"], Region::Gauteng),
    (&["EDENVALE"], Region::Gauteng),
    (&["GREENSTONE"], Region::Gauteng),
    (&["BOKSBURG"], Region::Gauteng),
    (&["BENONI"], Region::Gauteng),
    (&["GERMISTON"], Region::Gauteng),
    (&["ALBERTON"], Region::Gauteng),
    (&["KEMPTON", "PARK"], Region::Gauteng),
    (&["CENTURION"], Region::Gauteng),
    (&["MENLYN"], Region::Gauteng),
    (&["HATFIELD"], Region::Gauteng),
    (&["NORTHCLIFF"], Region::Gauteng),
    (&["CRESTA"], Region::Gauteng),
    (&["HYDE", "PARK"], Region::Gauteng),
    (&["ILLOVO"], Region::Gauteng),
    (&["SEA", "POINT"], Region::CapeTown),
    (&["GREEN", "POINT"], Region::CapeTown),
    (&["CAMPS", "BAY"], Region::CapeTown),
    (&["BELLVILLE"], Region::CapeTown),
    (&["DURBANVILLE"], Region::CapeTown),
    (&["BRACKENFELL"], Region::CapeTown),
    (&["KUILS", "RIVER"], Region::CapeTown),
    (&["TABLE", "VIEW"], Region::CapeTown),
    (&["MILNERTON"], Region::CapeTown),
    (&["MUIZENBERG"], Region::CapeTown),
    (&["SOMERSET", "WEST"], Region::CapeTown),
    (&["STELLENBOSCH"], Region::CapeTown),
    (&["PAARL"], Region::CapeTown),
    (&["OTTERY"], Region::CapeTown),
    (&["UMHLANGA"], Region::Durban),
    (&["BALLITO"], Region::Durban),
    (&["PINETOWN"], Region::Durban),
    (&["MUSGRAVE"], Region::Durban),
    (&["AMANZIMTOTI"], Region::Durban),
    (&["PIETERMARITZBURG"], Region::Durban),
    (&["WALMER"], Region::NelsonMandelaBay),
    (&["GEORGE"], Region::GardenRoute),
    (&["KNYSNA"], Region::GardenRoute),
    (&["MOSSEL", "BAY"], Region::GardenRoute),
];

/// Where a chain's head office is: a bank that knows no branch writes that town, so it contradicts nothing.
pub(super) fn head_office(chain: Chain) -> Option<Region> {
    match chain {
        Chain::PickNPay
        | Chain::Woolworths
        | Chain::FoodLovers
        | Chain::Checkers
        | Chain::Shoprite
        | Chain::Clicks
        | Chain::OkFoods
        | Chain::UltraLiquors => Some(Region::CapeTown),
        Chain::Makro | Chain::DisChem | Chain::LiquorCity => Some(Region::Gauteng),
        Chain::Boxer => Some(Region::Durban),
        // Spar has six distribution centres, each of which is an acquirer's "head office" for its members.
        Chain::Spar => None,
    }
}
