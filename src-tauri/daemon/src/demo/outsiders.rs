//! Merchants that are no partner stores, and the merchant categories of the bank.

/// A till as the bank names it in an authorization.
#[derive(Debug, Clone)]
pub(super) struct Till {
    pub name: String,
    pub category: &'static str,
    pub city: String,
    pub country: Country,
    pub currency: &'static str,
    /// The partner store it stands in.
    pub store: Option<usize>,
}

/// A country as the bank writes it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Country {
    pub code: &'static str,
    pub alpha3: &'static str,
    pub name: &'static str,
}

pub(super) const SOUTH_AFRICA: Country = country("ZA", "ZAF", "South Africa");

const fn country(code: &'static str, alpha3: &'static str, name: &'static str) -> Country {
    Country { code, alpha3, name }
}

/// A merchant outside the partner list: till name and merchant category code.
pub(super) type Outsider = (&'static str, &'static str);

/// Merchants of harmless categories where no order is ever bought.
pub(super) const UNKNOWN: &[Outsider] = &[
    ("MR PRICE 0412", "5651"),
    ("SPORTSCENE", "5661"),
    ("STEERS DRIVE THRU", "5814"),
    ("KFC 1187", "5814"),
    ("TAKEALOT.COM", "5399"),
    ("BUILDERS WAREHOUSE", "5200"),
    ("HARDWARE CENTRE 22", "5251"),
    ("JET STORES", "5651"),
    ("AUTOZONE 118", "5533"),
    ("CASH CRUSADERS 77", "5931"),
    ("TIGER WHEEL AND TYRE", "5532"),
    ("MUGG AND BEAN", "5812"),
];

/// Merchants of risky categories that no order of this world asks for.
pub(super) const RISKY: &[Outsider] = &[
    ("ENGEN QUICK SHOP", "5541"),
    ("SHELL SELFSERVE", "5542"),
    ("SASOL DELIGHT", "5541"),
    ("VODASHOP", "4812"),
    ("MTN AIRTIME", "4814"),
    ("HOLLYWOODBETS", "7995"),
    ("CAPITEC ATM 00871", "6011"),
    ("FOREX TELLER", "6010"),
    ("PREPAID GIFT KIOSK", "6540"),
    ("COBRA CIGARS", "5993"),
    ("THE FRIDGE WINE & SPIRI", "5921"),
    ("NORMAN GOODFELLOWS", "5921"),
];

/// Merchants abroad: name, category, city, country, the currency they charge in.
pub(super) const ABROAD: &[(Outsider, &str, Country, &str)] = &[
    (("AMAZON MKTPLACE", "5942"), "Seattle", country("US", "USA", "United States"), "usd"),
    (("GAMESTORE ONLINE", "5816"), "London", country("GB", "GBR", "United Kingdom"), "gbp"),
    (("FASHION OUTLET", "5651"), "Dublin", country("IE", "IRL", "Ireland"), "eur"),
    (("GADGET WORLD", "5732"), "Hong Kong", country("HK", "HKG", "Hong Kong"), "USD"),
];

/// Gambling abroad.
pub(super) const ABROAD_RISKY: &[(Outsider, &str, Country, &str)] = &[
    (("LUCKY SPINS", "7995"), "Sliema", country("MT", "MLT", "Malta"), "eur"),
    (("ROYAL CASINO ONLINE", "7995"), "Gibraltar", country("GI", "GIB", "Gibraltar"), "GBP"),
];

/// Merchants over the border that charge in rand.
pub(super) const ABROAD_IN_RAND: &[(Outsider, &str, Country, &str)] = &[
    (("NAMIB OUTFITTERS", "5651"), "Windhoek", country("NA", "NAM", "Namibia"), "ZAR"),
    (("MASERU HARDWARE", "5251"), "Maseru", country("LS", "LSO", "Lesotho"), "zar"),
    (("MBABANE ELECTRONICS", "5732"), "Mbabane", country("SZ", "SWZ", "Eswatini"), "ZAR"),
];

/// The bank's key and name of a merchant category code.
pub(super) fn category_names(code: &str) -> (&'static str, &'static str) {
    match code {
        "5411" => ("grocery_stores_supermarkets", "Grocery Stores, Supermarkets"),
        "5912" => ("drug_stores_pharmacies", "Drug Stores and Pharmacies"),
        "5921" => ("package_stores_beer_wine_liquor", "Package Stores, Beer, Wine, Liquor"),
        "5300" => ("wholesale_clubs", "Wholesale Clubs"),
        "5541" => ("service_stations", "Service Stations"),
        "5542" => ("automated_fuel_dispensers", "Automated Fuel Dispensers"),
        "5993" => ("cigar_stores_stands", "Cigar Stores and Stands"),
        "4812" => ("telecommunication_equipment", "Telecommunication Equipment and Telephone Sales"),
        "4814" => ("telecommunication_services", "Telecommunication Services"),
        "6010" => ("manual_cash_disbursements", "Manual Cash Disbursements"),
        "6011" => ("automated_cash_disbursements", "Automated Cash Disbursements"),
        "6540" => ("stored_value_card_purchase", "Stored Value Card Purchase"),
        "7995" => ("betting_casino_gambling", "Betting, Casino Gambling"),
        "5200" => ("home_supply_warehouse", "Home Supply Warehouse Stores"),
        "5251" => ("hardware_stores", "Hardware Stores"),
        "5399" => ("general_merchandise", "Miscellaneous General Merchandise"),
        "5532" => ("automotive_tire_stores", "Automotive Tire Stores"),
        "5533" => ("automotive_parts", "Automotive Parts and Accessories Stores"),
        "5651" => ("family_clothing_stores", "Family Clothing Stores"),
        "5661" => ("shoe_stores", "Shoe Stores"),
        "5732" => ("electronics_stores", "Electronics Stores"),
        "5812" => ("eating_places_restaurants", "Eating Places, Restaurants"),
        "5814" => ("fast_food_restaurants", "Fast Food Restaurants"),
        "5816" => ("digital_goods_games", "Digital Goods: Games"),
        "5931" => ("used_merchandise_stores", "Used Merchandise and Secondhand Stores"),
        "5942" => ("book_stores", "Book Stores"),
        _ => ("uncategorized", "Uncategorized"),
    }
}
