#include "functions/families.h"
#include "functions/row_kernels.h"

#include <re2/re2.h>

#include <array>
#include <memory>
#include <string>

// parse_user_agent(): the browser, system and device a user-agent text names. An ordered list of
// patterns, the most specific first (every browser also claims to be Mozilla, most also Safari);
// the first that matches decides. The list covers the browsers, systems and tools in wide use, not
// the long tail of the uap-core collection. Source: the documentation for the shape of the answer.

namespace qd::kql {
namespace {

using re2::RE2;
using re2::StringPiece;

struct Pattern {
    const char* regex;   // groups 1, 2, 3: versions
    const char* family;  // empty: group 1 is the family, 2, 3, 4 the versions
};

constexpr Pattern kBrowsers[] = {
    {R"(AdobeAIR/(\d+)\.(\d+)(?:\.(\d+))?)", "AdobeAIR"},
    {R"((?:Edg|Edge|EdgA|EdgiOS)/(\d+)\.(\d+)(?:\.(\d+))?)", "Edge"},
    {R"((?:OPR|OPiOS)/(\d+)\.(\d+)(?:\.(\d+))?)", "Opera"},
    {R"(Opera.*Version/(\d+)\.(\d+))", "Opera"},
    {R"(Opera[/ ](\d+)\.(\d+))", "Opera"},
    {R"(Vivaldi/(\d+)\.(\d+)(?:\.(\d+))?)", "Vivaldi"},
    {R"(YaBrowser/(\d+)\.(\d+)(?:\.(\d+))?)", "Yandex Browser"},
    {R"(SamsungBrowser/(\d+)\.(\d+))", "Samsung Internet"},
    {R"((?:FxiOS)/(\d+)\.(\d+)(?:\.(\d+))?)", "Firefox iOS"},
    {R"(SeaMonkey/(\d+)\.(\d+)(?:\.(\d+))?)", "SeaMonkey"},
    {R"(Thunderbird/(\d+)\.(\d+)(?:\.(\d+))?)", "Thunderbird"},
    {R"(Firefox/(\d+)\.(\d+)(?:\.(\d+))?)", "Firefox"},
    {R"(HeadlessChrome/(\d+)\.(\d+)(?:\.(\d+))?)", "HeadlessChrome"},
    {R"(CriOS/(\d+)\.(\d+)(?:\.(\d+))?)", "Chrome Mobile iOS"},
    {R"(Electron/(\d+)\.(\d+)(?:\.(\d+))?)", "Electron"},
    {R"(Chromium/(\d+)\.(\d+)(?:\.(\d+))?)", "Chromium"},
    {R"(Chrome/(\d+)\.(\d+)(?:\.(\d+))?[\d.]* Mobile)", "Chrome Mobile"},
    {R"(Chrome/(\d+)\.(\d+)(?:\.(\d+))?)", "Chrome"},
    {R"(Version/(\d+)\.(\d+)(?:\.(\d+))?.*Mobile.*Safari)", "Mobile Safari"},
    {R"(Version/(\d+)\.(\d+)(?:\.(\d+))?.*Safari/)", "Safari"},
    {R"(Trident/7.*rv:(\d+)\.(\d+))", "IE"},
    {R"(MSIE (\d+)\.(\d+))", "IE"},
    {R"(Series60/(\d+)\.(\d+))", "Nokia OSS Browser"},
    {R"((Googlebot|bingbot|YandexBot|DuckDuckBot|Baiduspider|AhrefsBot|SemrushBot)/?(\d+)?(?:\.(\d+))?)",
     ""},
    {R"((curl|Wget|PostmanRuntime|okhttp|Go-http-client|axios|python-requests|Python-urllib|aiohttp|node-fetch|Java|Apache-HttpClient|libwww-perl|PowerShell|WindowsPowerShell)/(\d+)(?:\.(\d+))?(?:\.(\d+))?)",
     ""},
};

constexpr Pattern kSystems[] = {
    {R"(Windows NT 10\.0())", "Windows 10"},
    {R"(Windows NT 6\.3())", "Windows 8.1"},
    {R"(Windows NT 6\.2())", "Windows 8"},
    {R"(Windows NT 6\.1())", "Windows 7"},
    {R"(Windows NT 6\.0())", "Windows Vista"},
    {R"(Windows NT 5\.[12]())", "Windows XP"},
    {R"(Windows Phone (?:OS )?(\d+)\.(\d+))", "Windows Phone"},
    {R"(SymbianOS/(\d+)\.(\d+))", "Symbian OS"},
    {R"((?:iPhone|CPU) OS (\d+)_(\d+)(?:_(\d+))?)", "iOS"},
    {R"(Android (\d+)(?:\.(\d+))?(?:\.(\d+))?)", "Android"},
    {R"(Mac OS X (\d+)[_.](\d+)(?:[_.](\d+))?)", "Mac OS X"},
    {R"(CrOS \S+ (\d+)\.(\d+)(?:\.(\d+))?)", "Chrome OS"},
    {R"(Ubuntu(?:/(\d+)\.(\d+))?)", "Ubuntu"},
    {R"(Fedora(?:/(\d+))?)", "Fedora"},
    {R"(Windows())", "Windows"},
    {R"(Linux())", "Linux"},
};

struct DevicePattern {
    const char* regex;   // group 1: the model
    const char* family;  // "$1" and "$2" are groups
    const char* brand;
};
constexpr DevicePattern kDevices[] = {
    {R"((iPhone))", "iPhone", "Apple"},
    {R"((iPad))", "iPad", "Apple"},
    {R"((iPod))", "iPod", "Apple"},
    {R"((Mac)intosh)", "Mac", "Apple"},
    {R"(Nokia((N?\d\w*)(?:-\w+)?))", "Nokia $2", "Nokia"},
    {R"(; ?(SM-\w+))", "Samsung $1", "Samsung"},
    {R"(; ?(Pixel[ \w]*?)(?: Build|\)))", "$1", "Google"},
    {R"((Googlebot|bingbot|YandexBot|DuckDuckBot|Baiduspider|[Ss]pider|[Bb]ot)\b)", "Spider",
     "Spider"},
};

/// The compiled lists; made once per bound call, shared by its workers.
struct Matchers {
    std::vector<std::unique_ptr<RE2>> browsers;
    std::vector<std::unique_ptr<RE2>> systems;
    std::vector<std::unique_ptr<RE2>> devices;

    Matchers() {
        for (const Pattern& p : kBrowsers) {
            browsers.push_back(std::make_unique<RE2>(p.regex));
        }
        for (const Pattern& p : kSystems) {
            systems.push_back(std::make_unique<RE2>(p.regex));
        }
        for (const DevicePattern& p : kDevices) {
            devices.push_back(std::make_unique<RE2>(p.regex));
        }
    }
};

std::string text_of(const StringPiece& p) {
    return p.data() == nullptr ? std::string() : std::string(p.data(), p.size());
}

/// Family and three versions of the first pattern that matches.
std::array<std::string, 4> find_family(const std::vector<std::unique_ptr<RE2>>& regexes,
                                       std::span<const Pattern> patterns, std::string_view agent) {
    for (std::size_t i = 0; i < regexes.size(); ++i) {
        std::array<StringPiece, 5> groups;
        if (!regexes[i]->Match(StringPiece(agent.data(), agent.size()), 0, agent.size(),
                               RE2::UNANCHORED, groups.data(), static_cast<int>(groups.size()))) {
            continue;
        }
        const std::string family = patterns[i].family;
        if (family.empty()) {
            return {text_of(groups[1]), text_of(groups[2]), text_of(groups[3]), text_of(groups[4])};
        }
        return {family, text_of(groups[1]), text_of(groups[2]), text_of(groups[3])};
    }
    return {"Other", "", "", ""};
}

Value browser_of(const Matchers& matchers, std::string_view agent) {
    const auto [family, major, minor, patch] = find_family(matchers.browsers, kBrowsers, agent);
    Object out;
    out.append("Family", family);
    out.append("MajorVersion", major);
    out.append("MinorVersion", minor);
    out.append("Patch", patch);
    return out;
}

Value system_of(const Matchers& matchers, std::string_view agent) {
    auto [family, major, minor, patch] = find_family(matchers.systems, kSystems, agent);
    if (family.starts_with("Windows ") && major.empty()) {
        major = family.substr(8);
        family = "Windows";
    }
    Object out;
    out.append("Family", family);
    out.append("MajorVersion", major);
    out.append("MinorVersion", minor);
    out.append("Patch", patch);
    out.append("PatchMinor", "");
    return out;
}

Value device_of(const Matchers& matchers, std::string_view agent) {
    std::string family = "Other";
    std::string brand;
    std::string model;
    for (std::size_t i = 0; i < matchers.devices.size(); ++i) {
        std::array<StringPiece, 3> groups;
        if (matchers.devices[i]->Match(StringPiece(agent.data(), agent.size()), 0, agent.size(),
                                       RE2::UNANCHORED, groups.data(),
                                       static_cast<int>(groups.size()))) {
            model = text_of(groups[1]);
            family = kDevices[i].family;
            brand = kDevices[i].brand;
            if (const std::size_t at = family.find('$'); at != std::string::npos) {
                family.replace(at, 2, text_of(groups[family[at + 1] == '1' ? 1 : 2]));
            }
            break;
        }
    }
    Object out;
    out.append("Family", family);
    out.append("Brand", brand);
    out.append("Model", model);
    return out;
}

struct Wanted {
    bool browser = false;
    bool system = false;
    bool device = false;

    bool add(std::string_view name) {
        if (name == "browser") {
            browser = true;
        } else if (name == "os") {
            system = true;
        } else if (name == "device") {
            device = true;
        } else {
            return false;
        }
        return true;
    }
};

Result<Wanted> wanted_parts(std::span<const Argument> args) {
    Wanted wanted;
    bool known = true;
    if (args.size() < 2) {
        wanted.browser = true;
    } else if (args[1].constant == nullptr) {
        known = false;
    } else if (args[1].type == DataType::String) {
        known = wanted.add(args[1].constant->bytes());
    } else {
        const VariantView list(args[1].constant->bytes());
        for (std::uint32_t i = 0; i < list.size(); ++i) {
            known = known && wanted.add(list.element(i).as_string());
        }
    }
    if (!known) {
        return semantic_error("SEM0232",
                              "parse_user_agent(): what to look for must be \"browser\", \"os\", "
                              "\"device\" or an array of them",
                              args[1].span);
    }
    return wanted;
}

Result<BoundCall> bind_user_agent(std::span<const Argument> args) {
    QD_TRY(const Wanted wanted, wanted_parts(args));
    return bind_row("parse_user_agent", args, {Accepts::Text, Accepts::StringOrDynamic},
                    DataType::Dynamic,
                    [wanted, matchers = std::make_shared<const Matchers>()](
                        Args a, std::uint32_t row, ColumnBuilder& out) {
                        const std::string_view agent = text_at(a, 0, row);
                        Object parts;
                        if (wanted.browser) {
                            parts.append("Browser", browser_of(*matchers, agent));
                        }
                        if (wanted.system) {
                            parts.append("OperatingSystem", system_of(*matchers, agent));
                        }
                        if (wanted.device) {
                            parts.append("Device", device_of(*matchers, agent));
                        }
                        out.append_value(Value(std::move(parts)));
                    });
}

constexpr ScalarFunction kFunctions[] = {
    {"parse_user_agent", "parse_user_agent(text:string [, look_for:string|dynamic]) : dynamic",
     "The browser, system and device a user-agent text names.", 1, 2, Naming::Anonymous,
     bind_user_agent},
};

}  // namespace

std::span<const ScalarFunction> user_agent_functions() {
    return kFunctions;
}

}  // namespace qd::kql
