#include "functions/families.h"
#include "functions/row_kernels.h"

#include <optional>
#include <string>

// convert_length() and its kin: a value in one unit through the quantity's base unit into another.
// Unit names are those of the documentation (singular, in Pascal case). An unknown unit gives null.

namespace qd::kql {
namespace {

struct Unit {
    std::string_view name;
    double factor;      // base units in one of these
    double offset = 0;  // added after the factor (temperatures)
};

constexpr double kPi = 3.14159265358979323846;

constexpr Unit kAngles[] = {
    // degrees
    {"Arcminute", 1.0 / 60},
    {"Arcsecond", 1.0 / 3600},
    {"Centiradian", 1.8 / kPi},
    {"Deciradian", 18 / kPi},
    {"Degree", 1},
    {"Gradian", 0.9},
    {"Microdegree", 1e-6},
    {"Microradian", 180e-6 / kPi},
    {"Millidegree", 1e-3},
    {"Milliradian", 0.18 / kPi},
    {"Nanodegree", 1e-9},
    {"Nanoradian", 180e-9 / kPi},
    {"NatoMil", 9.0 / 160},
    {"Radian", 180 / kPi},
    {"Revolution", 360},
    {"Tilt", 180 / kPi},
};
constexpr Unit kEnergies[] = {
    // joules
    {"BritishThermalUnit", 1055.05585262},
    {"Calorie", 4.184},
    {"DecathermEc", 1055.05585262e6},
    {"DecathermImperial", 1.05505585257348e9},
    {"DecathermUs", 1.054804e9},
    {"ElectronVolt", 1.602176634e-19},
    {"Erg", 1e-7},
    {"FootPound", 1.355817948},
    {"GigabritishThermalUnit", 1055.05585262e9},
    {"GigaelectronVolt", 1.602176634e-10},
    {"Gigajoule", 1e9},
    {"GigawattDay", 86400e9},
    {"GigawattHour", 3600e9},
    {"HorsepowerHour", 2.6845195377e6},
    {"Joule", 1},
    {"KilobritishThermalUnit", 1055055.85262},
    {"Kilocalorie", 4184},
    {"KiloelectronVolt", 1.602176634e-16},
    {"Kilojoule", 1e3},
    {"KilowattDay", 86400e3},
    {"KilowattHour", 3600e3},
    {"MegabritishThermalUnit", 1055055852.62},
    {"Megacalorie", 4184e3},
    {"MegaelectronVolt", 1.602176634e-13},
    {"Megajoule", 1e6},
    {"MegawattDay", 86400e6},
    {"MegawattHour", 3600e6},
    {"Microjoule", 1e-6},
    {"Millijoule", 1e-3},
    {"Nanojoule", 1e-9},
    {"Petajoule", 1e15},
    {"TeraelectronVolt", 1.602176634e-7},
    {"Terajoule", 1e12},
    {"TerawattDay", 86400e12},
    {"TerawattHour", 3600e12},
    {"ThermEc", 1.05505585262e8},
    {"ThermImperial", 1.05505585257348e8},
    {"ThermUs", 1.054804e8},
    {"WattDay", 86400},
    {"WattHour", 3600},
};
constexpr Unit kForces[] = {
    // newtons
    {"Decanewton", 10},
    {"Dyn", 1e-5},
    {"KilogramForce", 9.80665},
    {"Kilonewton", 1e3},
    {"KiloPond", 9.80665},
    {"KilopoundForce", 4448.2216152605},
    {"Meganewton", 1e6},
    {"Micronewton", 1e-6},
    {"Millinewton", 1e-3},
    {"Newton", 1},
    {"OunceForce", 0.2780138509537812},
    {"Poundal", 0.138254954376},
    {"PoundForce", 4.4482216152605},
    {"ShortTonForce", 8896.443230521},
    {"TonneForce", 9806.65},
};
constexpr Unit kLengths[] = {
    // metres
    {"Angstrom", 1e-10},
    {"AstronomicalUnit", 1.4959787070e11},
    {"Centimeter", 1e-2},
    {"Chain", 20.1168},
    {"DataMile", 1828.8},
    {"Decameter", 10},
    {"Decimeter", 0.1},
    {"DtpPica", 0.00423333333333333},
    {"DtpPoint", 0.000352777777777778},
    {"Fathom", 1.8288},
    {"Foot", 0.3048},
    {"Hand", 0.1016},
    {"Hectometer", 100},
    {"Inch", 0.0254},
    {"KilolightYear", 9.46073047258e18},
    {"Kilometer", 1e3},
    {"Kiloparsec", 3.08567758128e19},
    {"LightYear", 9.46073047258e15},
    {"MegalightYear", 9.46073047258e21},
    {"Megaparsec", 3.08567758128e22},
    {"Meter", 1},
    {"Microinch", 2.54e-8},
    {"Micrometer", 1e-6},
    {"Mil", 2.54e-5},
    {"Mile", 1609.344},
    {"Millimeter", 1e-3},
    {"Nanometer", 1e-9},
    {"NauticalMile", 1852},
    {"Parsec", 3.08567758128e16},
    {"PrinterPica", 0.004217517594},
    {"PrinterPoint", 0.0003514598},
    {"Shackle", 27.432},
    {"SolarRadius", 6.95510e8},
    {"Twip", 1.76388888888889e-5},
    {"UsSurveyFoot", 1200.0 / 3937},
    {"Yard", 0.9144},
};
constexpr Unit kMasses[] = {
    // kilograms
    {"Centigram", 1e-5},
    {"Decagram", 1e-2},
    {"Decigram", 1e-4},
    {"EarthMass", 5.9722e24},
    {"Grain", 6.479891e-5},
    {"Gram", 1e-3},
    {"Hectogram", 0.1},
    {"Kilogram", 1},
    {"Kilopound", 453.59237},
    {"Kilotonne", 1e6},
    {"LongHundredweight", 50.80234544},
    {"LongTon", 1016.0469088},
    {"Megapound", 453592.37},
    {"Megatonne", 1e9},
    {"Microgram", 1e-9},
    {"Milligram", 1e-6},
    {"Nanogram", 1e-12},
    {"Ounce", 0.028349523125},
    {"Pound", 0.45359237},
    {"ShortHundredweight", 45.359237},
    {"ShortTon", 907.18474},
    {"Slug", 14.593902937206364},
    {"SolarMass", 1.98947e30},
    {"Stone", 6.35029318},
    {"Tonne", 1e3},
};
constexpr Unit kSpeeds[] = {
    // metres per second
    {"CentimeterPerHour", 1e-2 / 3600},
    {"CentimeterPerMinute", 1e-2 / 60},
    {"CentimeterPerSecond", 1e-2},
    {"DecimeterPerMinute", 0.1 / 60},
    {"DecimeterPerSecond", 0.1},
    {"FootPerHour", 0.3048 / 3600},
    {"FootPerMinute", 0.3048 / 60},
    {"FootPerSecond", 0.3048},
    {"InchPerHour", 0.0254 / 3600},
    {"InchPerMinute", 0.0254 / 60},
    {"InchPerSecond", 0.0254},
    {"KilometerPerHour", 1.0 / 3.6},
    {"KilometerPerMinute", 1000.0 / 60},
    {"KilometerPerSecond", 1e3},
    {"Knot", 1852.0 / 3600},
    {"MeterPerHour", 1.0 / 3600},
    {"MeterPerMinute", 1.0 / 60},
    {"MeterPerSecond", 1},
    {"MicrometerPerMinute", 1e-6 / 60},
    {"MicrometerPerSecond", 1e-6},
    {"MilePerHour", 0.44704},
    {"MillimeterPerHour", 1e-3 / 3600},
    {"MillimeterPerMinute", 1e-3 / 60},
    {"MillimeterPerSecond", 1e-3},
    {"NanometerPerMinute", 1e-9 / 60},
    {"NanometerPerSecond", 1e-9},
    {"UsSurveyFootPerHour", 1200.0 / 3937 / 3600},
    {"UsSurveyFootPerMinute", 1200.0 / 3937 / 60},
    {"UsSurveyFootPerSecond", 1200.0 / 3937},
    {"YardPerHour", 0.9144 / 3600},
    {"YardPerMinute", 0.9144 / 60},
    {"YardPerSecond", 0.9144},
};
constexpr Unit kTemperatures[] = {
    // kelvins
    {"DegreeCelsius", 1, 273.15},
    {"DegreeDelisle", -2.0 / 3, 373.15},
    {"DegreeFahrenheit", 5.0 / 9, 459.67 * 5 / 9},
    {"DegreeNewton", 100.0 / 33, 273.15},
    {"DegreeRankine", 5.0 / 9},
    {"DegreeReaumur", 1.25, 273.15},
    {"DegreeRoemer", 40.0 / 21, 273.15 - 7.5 * 40 / 21},
    {"Kelvin", 1},
    {"MillidegreeCelsius", 1e-3, 273.15},
    {"SolarTemperature", 5778},
};
constexpr Unit kVolumes[] = {
    // cubic metres
    {"AcreFoot", 1233.48183754752},
    {"AuTablespoon", 20e-6},
    {"BoardFoot", 0.0023597372158},
    {"Centiliter", 1e-5},
    {"CubicCentimeter", 1e-6},
    {"CubicDecimeter", 1e-3},
    {"CubicFoot", 0.028316846592},
    {"CubicHectometer", 1e6},
    {"CubicInch", 1.6387064e-5},
    {"CubicKilometer", 1e9},
    {"CubicMeter", 1},
    {"CubicMicrometer", 1e-18},
    {"CubicMile", 4168181825.440579584},
    {"CubicMillimeter", 1e-9},
    {"CubicYard", 0.764554857984},
    {"Decaliter", 1e-2},
    {"DecausGallon", 0.03785411784},
    {"Deciliter", 1e-4},
    {"DeciusGallon", 0.0003785411784},
    {"HectocubicFoot", 2.8316846592},
    {"HectocubicMeter", 100},
    {"Hectoliter", 0.1},
    {"HectousGallon", 0.3785411784},
    {"ImperialBeerBarrel", 0.16365924},
    {"ImperialGallon", 0.00454609},
    {"ImperialOunce", 2.84130625e-5},
    {"ImperialPint", 5.6826125e-4},
    {"ImperialQuart", 1.1365225e-3},
    {"KilocubicFoot", 28.316846592},
    {"KilocubicMeter", 1e3},
    {"KiloimperialGallon", 4.54609},
    {"Kiloliter", 1},
    {"KilousGallon", 3.785411784},
    {"Liter", 1e-3},
    {"MegacubicFoot", 28316.846592},
    {"MegaimperialGallon", 4546.09},
    {"Megaliter", 1e3},
    {"MegausGallon", 3785.411784},
    {"MetricCup", 250e-6},
    {"MetricTeaspoon", 5e-6},
    {"Microliter", 1e-9},
    {"Milliliter", 1e-6},
    {"Nanoliter", 1e-12},
    {"OilBarrel", 0.158987294928},
    {"UkTablespoon", 15e-6},
    {"UsBeerBarrel", 0.117347765304},
    {"UsCustomaryCup", 0.0002365882365},
    {"UsGallon", 0.003785411784},
    {"UsLegalCup", 0.00024},
    {"UsOunce", 2.95735295625e-5},
    {"UsPint", 0.000473176473},
    {"UsQuart", 0.000946352946},
    {"UsTablespoon", 1.478676478125e-5},
    {"UsTeaspoon", 4.92892159375e-6},
};

const Unit* find_unit(std::span<const Unit> units, std::string_view name) {
    for (const Unit& unit : units) {
        if (unit.name == name) {
            return &unit;
        }
    }
    return nullptr;
}

Result<BoundCall> bind_convert(std::string_view name, std::span<const Argument> args,
                               std::span<const Unit> units) {
    return bind_row(name, args, {Accepts::Number, Accepts::Text, Accepts::Text}, DataType::Real,
                    [units](Args a, std::uint32_t row, ColumnBuilder& out) {
                        const Unit* from = find_unit(units, text_at(a, 1, row));
                        const Unit* to = find_unit(units, text_at(a, 2, row));
                        if (from == nullptr || to == nullptr) {
                            out.append_null();
                            return;
                        }
                        const double base = a[0]->real_at(row) * from->factor + from->offset;
                        out.append_real((base - to->offset) / to->factor);
                    });
}

using Arguments = std::span<const Argument>;

constexpr ScalarFunction kFunctions[] = {
    {"convert_angle", "convert_angle(value:real, from:string, to:string) : real",
     "Converts between units of angle.", 3, 3, Naming::Anonymous,
     [](Arguments args) { return bind_convert("convert_angle", args, kAngles); }},
    {"convert_energy", "convert_energy(value:real, from:string, to:string) : real",
     "Converts between units of energy.", 3, 3, Naming::Anonymous,
     [](Arguments args) { return bind_convert("convert_energy", args, kEnergies); }},
    {"convert_force", "convert_force(value:real, from:string, to:string) : real",
     "Converts between units of force.", 3, 3, Naming::Anonymous,
     [](Arguments args) { return bind_convert("convert_force", args, kForces); }},
    {"convert_length", "convert_length(value:real, from:string, to:string) : real",
     "Converts between units of length.", 3, 3, Naming::Anonymous,
     [](Arguments args) { return bind_convert("convert_length", args, kLengths); }},
    {"convert_mass", "convert_mass(value:real, from:string, to:string) : real",
     "Converts between units of mass.", 3, 3, Naming::Anonymous,
     [](Arguments args) { return bind_convert("convert_mass", args, kMasses); }},
    {"convert_speed", "convert_speed(value:real, from:string, to:string) : real",
     "Converts between units of speed.", 3, 3, Naming::Anonymous,
     [](Arguments args) { return bind_convert("convert_speed", args, kSpeeds); }},
    {"convert_temperature", "convert_temperature(value:real, from:string, to:string) : real",
     "Converts between units of temperature.", 3, 3, Naming::Anonymous,
     [](Arguments args) { return bind_convert("convert_temperature", args, kTemperatures); }},
    {"convert_volume", "convert_volume(value:real, from:string, to:string) : real",
     "Converts between units of volume.", 3, 3, Naming::Anonymous,
     [](Arguments args) { return bind_convert("convert_volume", args, kVolumes); }},
};

}  // namespace

std::span<const ScalarFunction> convert_functions() {
    return kFunctions;
}

}  // namespace qd::kql
