#include "expr/date_text.h"
#include "expr/text.h"

#include <date/tz.h>

#include <array>
#include <exception>

// Zones by their Windows names. Source of the pairs: Unicode CLDR, windowsZones.xml, territory
// "001". Offsets come from the system's IANA database.

namespace qd::automation::expr {
namespace {

struct ZoneName {
    std::string_view windows;
    const char* iana;
};

constexpr std::array kZones = {
    ZoneName{"Dateline Standard Time", "Etc/GMT+12"},
    ZoneName{"UTC-11", "Etc/GMT+11"},
    ZoneName{"Aleutian Standard Time", "America/Adak"},
    ZoneName{"Hawaiian Standard Time", "Pacific/Honolulu"},
    ZoneName{"Marquesas Standard Time", "Pacific/Marquesas"},
    ZoneName{"Alaskan Standard Time", "America/Anchorage"},
    ZoneName{"UTC-09", "Etc/GMT+9"},
    ZoneName{"Pacific Standard Time (Mexico)", "America/Tijuana"},
    ZoneName{"UTC-08", "Etc/GMT+8"},
    ZoneName{"Pacific Standard Time", "America/Los_Angeles"},
    ZoneName{"US Mountain Standard Time", "America/Phoenix"},
    ZoneName{"Mountain Standard Time (Mexico)", "America/Mazatlan"},
    ZoneName{"Mountain Standard Time", "America/Denver"},
    ZoneName{"Yukon Standard Time", "America/Whitehorse"},
    ZoneName{"Central America Standard Time", "America/Guatemala"},
    ZoneName{"Central Standard Time", "America/Chicago"},
    ZoneName{"Easter Island Standard Time", "Pacific/Easter"},
    ZoneName{"Central Standard Time (Mexico)", "America/Mexico_City"},
    ZoneName{"Canada Central Standard Time", "America/Regina"},
    ZoneName{"SA Pacific Standard Time", "America/Bogota"},
    ZoneName{"Eastern Standard Time (Mexico)", "America/Cancun"},
    ZoneName{"Eastern Standard Time", "America/New_York"},
    ZoneName{"Haiti Standard Time", "America/Port-au-Prince"},
    ZoneName{"Cuba Standard Time", "America/Havana"},
    ZoneName{"US Eastern Standard Time", "America/Indianapolis"},
    ZoneName{"Turks And Caicos Standard Time", "America/Grand_Turk"},
    ZoneName{"Paraguay Standard Time", "America/Asuncion"},
    ZoneName{"Atlantic Standard Time", "America/Halifax"},
    ZoneName{"Venezuela Standard Time", "America/Caracas"},
    ZoneName{"Central Brazilian Standard Time", "America/Cuiaba"},
    ZoneName{"SA Western Standard Time", "America/La_Paz"},
    ZoneName{"Pacific SA Standard Time", "America/Santiago"},
    ZoneName{"Newfoundland Standard Time", "America/St_Johns"},
    ZoneName{"Tocantins Standard Time", "America/Araguaina"},
    ZoneName{"E. South America Standard Time", "America/Sao_Paulo"},
    ZoneName{"SA Eastern Standard Time", "America/Cayenne"},
    ZoneName{"Argentina Standard Time", "America/Buenos_Aires"},
    ZoneName{"Greenland Standard Time", "America/Godthab"},
    ZoneName{"Montevideo Standard Time", "America/Montevideo"},
    ZoneName{"Magallanes Standard Time", "America/Punta_Arenas"},
    ZoneName{"Saint Pierre Standard Time", "America/Miquelon"},
    ZoneName{"Bahia Standard Time", "America/Bahia"},
    ZoneName{"UTC-02", "Etc/GMT+2"},
    ZoneName{"Azores Standard Time", "Atlantic/Azores"},
    ZoneName{"Cape Verde Standard Time", "Atlantic/Cape_Verde"},
    ZoneName{"UTC", "Etc/UTC"},
    ZoneName{"GMT Standard Time", "Europe/London"},
    ZoneName{"Greenwich Standard Time", "Atlantic/Reykjavik"},
    ZoneName{"Sao Tome Standard Time", "Africa/Sao_Tome"},
    ZoneName{"Morocco Standard Time", "Africa/Casablanca"},
    ZoneName{"W. Europe Standard Time", "Europe/Berlin"},
    ZoneName{"Central Europe Standard Time", "Europe/Budapest"},
    ZoneName{"Romance Standard Time", "Europe/Paris"},
    ZoneName{"Central European Standard Time", "Europe/Warsaw"},
    ZoneName{"W. Central Africa Standard Time", "Africa/Lagos"},
    ZoneName{"Jordan Standard Time", "Asia/Amman"},
    ZoneName{"GTB Standard Time", "Europe/Bucharest"},
    ZoneName{"Middle East Standard Time", "Asia/Beirut"},
    ZoneName{"Egypt Standard Time", "Africa/Cairo"},
    ZoneName{"E. Europe Standard Time", "Europe/Chisinau"},
    ZoneName{"Syria Standard Time", "Asia/Damascus"},
    ZoneName{"West Bank Standard Time", "Asia/Hebron"},
    ZoneName{"South Africa Standard Time", "Africa/Johannesburg"},
    ZoneName{"FLE Standard Time", "Europe/Kiev"},
    ZoneName{"Israel Standard Time", "Asia/Jerusalem"},
    ZoneName{"South Sudan Standard Time", "Africa/Juba"},
    ZoneName{"Kaliningrad Standard Time", "Europe/Kaliningrad"},
    ZoneName{"Sudan Standard Time", "Africa/Khartoum"},
    ZoneName{"Libya Standard Time", "Africa/Tripoli"},
    ZoneName{"Namibia Standard Time", "Africa/Windhoek"},
    ZoneName{"Arabic Standard Time", "Asia/Baghdad"},
    ZoneName{"Turkey Standard Time", "Europe/Istanbul"},
    ZoneName{"Arab Standard Time", "Asia/Riyadh"},
    ZoneName{"Belarus Standard Time", "Europe/Minsk"},
    ZoneName{"Russian Standard Time", "Europe/Moscow"},
    ZoneName{"E. Africa Standard Time", "Africa/Nairobi"},
    ZoneName{"Iran Standard Time", "Asia/Tehran"},
    ZoneName{"Arabian Standard Time", "Asia/Dubai"},
    ZoneName{"Astrakhan Standard Time", "Europe/Astrakhan"},
    ZoneName{"Azerbaijan Standard Time", "Asia/Baku"},
    ZoneName{"Russia Time Zone 3", "Europe/Samara"},
    ZoneName{"Mauritius Standard Time", "Indian/Mauritius"},
    ZoneName{"Saratov Standard Time", "Europe/Saratov"},
    ZoneName{"Georgian Standard Time", "Asia/Tbilisi"},
    ZoneName{"Volgograd Standard Time", "Europe/Volgograd"},
    ZoneName{"Caucasus Standard Time", "Asia/Yerevan"},
    ZoneName{"Afghanistan Standard Time", "Asia/Kabul"},
    ZoneName{"West Asia Standard Time", "Asia/Tashkent"},
    ZoneName{"Ekaterinburg Standard Time", "Asia/Yekaterinburg"},
    ZoneName{"Pakistan Standard Time", "Asia/Karachi"},
    ZoneName{"Qyzylorda Standard Time", "Asia/Qyzylorda"},
    ZoneName{"India Standard Time", "Asia/Calcutta"},
    ZoneName{"Sri Lanka Standard Time", "Asia/Colombo"},
    ZoneName{"Nepal Standard Time", "Asia/Katmandu"},
    ZoneName{"Central Asia Standard Time", "Asia/Bishkek"},
    ZoneName{"Bangladesh Standard Time", "Asia/Dhaka"},
    ZoneName{"Omsk Standard Time", "Asia/Omsk"},
    ZoneName{"Myanmar Standard Time", "Asia/Rangoon"},
    ZoneName{"SE Asia Standard Time", "Asia/Bangkok"},
    ZoneName{"Altai Standard Time", "Asia/Barnaul"},
    ZoneName{"W. Mongolia Standard Time", "Asia/Hovd"},
    ZoneName{"North Asia Standard Time", "Asia/Krasnoyarsk"},
    ZoneName{"N. Central Asia Standard Time", "Asia/Novosibirsk"},
    ZoneName{"Tomsk Standard Time", "Asia/Tomsk"},
    ZoneName{"China Standard Time", "Asia/Shanghai"},
    ZoneName{"North Asia East Standard Time", "Asia/Irkutsk"},
    ZoneName{"Singapore Standard Time", "Asia/Singapore"},
    ZoneName{"W. Australia Standard Time", "Australia/Perth"},
    ZoneName{"Taipei Standard Time", "Asia/Taipei"},
    ZoneName{"Ulaanbaatar Standard Time", "Asia/Ulaanbaatar"},
    ZoneName{"Aus Central W. Standard Time", "Australia/Eucla"},
    ZoneName{"Transbaikal Standard Time", "Asia/Chita"},
    ZoneName{"Tokyo Standard Time", "Asia/Tokyo"},
    ZoneName{"North Korea Standard Time", "Asia/Pyongyang"},
    ZoneName{"Korea Standard Time", "Asia/Seoul"},
    ZoneName{"Yakutsk Standard Time", "Asia/Yakutsk"},
    ZoneName{"Cen. Australia Standard Time", "Australia/Adelaide"},
    ZoneName{"AUS Central Standard Time", "Australia/Darwin"},
    ZoneName{"E. Australia Standard Time", "Australia/Brisbane"},
    ZoneName{"AUS Eastern Standard Time", "Australia/Sydney"},
    ZoneName{"West Pacific Standard Time", "Pacific/Port_Moresby"},
    ZoneName{"Tasmania Standard Time", "Australia/Hobart"},
    ZoneName{"Vladivostok Standard Time", "Asia/Vladivostok"},
    ZoneName{"Lord Howe Standard Time", "Australia/Lord_Howe"},
    ZoneName{"Bougainville Standard Time", "Pacific/Bougainville"},
    ZoneName{"Russia Time Zone 10", "Asia/Srednekolymsk"},
    ZoneName{"Magadan Standard Time", "Asia/Magadan"},
    ZoneName{"Norfolk Standard Time", "Pacific/Norfolk"},
    ZoneName{"Sakhalin Standard Time", "Asia/Sakhalin"},
    ZoneName{"Central Pacific Standard Time", "Pacific/Guadalcanal"},
    ZoneName{"Russia Time Zone 11", "Asia/Kamchatka"},
    ZoneName{"New Zealand Standard Time", "Pacific/Auckland"},
    ZoneName{"UTC+12", "Etc/GMT-12"},
    ZoneName{"Fiji Standard Time", "Pacific/Fiji"},
    ZoneName{"Chatham Islands Standard Time", "Pacific/Chatham"},
    ZoneName{"UTC+13", "Etc/GMT-13"},
    ZoneName{"Tonga Standard Time", "Pacific/Tongatapu"},
    ZoneName{"Samoa Standard Time", "Pacific/Apia"},
    ZoneName{"Line Islands Standard Time", "Pacific/Kiritimati"},
};

Result<const date::time_zone*> locate(std::string_view name) {
    std::string iana(name);
    for (const ZoneName& zone : kZones) {
        if (equals_ignore_case(zone.windows, name)) {
            iana = zone.iana;
        }
    }
    try {
        return date::locate_zone(iana);
    } catch (const std::exception&) {
        return Error(Code::InvalidArgument, "AUT0204",
                     "not a time zone: " + std::string(name.substr(0, 64)));
    }
}

std::chrono::seconds unix_seconds(Timestamp time) {
    std::int64_t ticks = time.ticks - Timestamp::kUnixEpochTicks;
    if (ticks < 0) {
        ticks -= Ticks::kSecond - 1;
    }
    return std::chrono::seconds(ticks / Ticks::kSecond);
}

Result<Timestamp> shifted(Timestamp time, std::chrono::seconds offset) {
    if (const auto moved = add_ticks(time, offset.count() * Ticks::kSecond)) {
        return *moved;
    }
    return Error(Code::InvalidArgument, "AUT0204", "the date is out of range");
}

}  // namespace

Result<Timestamp> utc_to_local(Timestamp utc, std::string_view zone) {
    QD_TRY(const date::time_zone* found, locate(zone));
    try {
        return shifted(utc, found->get_info(date::sys_seconds(unix_seconds(utc))).offset);
    } catch (const std::exception&) {
        return Error(Code::InvalidArgument, "AUT0204", "the time zone cannot convert this date");
    }
}

Result<Timestamp> local_to_utc(Timestamp local, std::string_view zone) {
    QD_TRY(const date::time_zone* found, locate(zone));
    try {
        const auto info = found->get_info(date::local_seconds(unix_seconds(local)));
        return shifted(local, -info.first.offset);
    } catch (const std::exception&) {
        return Error(Code::InvalidArgument, "AUT0204", "the time zone cannot convert this date");
    }
}

}  // namespace qd::automation::expr
