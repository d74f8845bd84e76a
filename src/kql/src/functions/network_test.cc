#include "functions/function_cases.h"

namespace qd::kql {
namespace {

TEST(NetworkFunctions, FollowTheEnginesAnswers) {
    const std::string line = "05:04:54 127.0.0.1 GET /favicon.ico 404";
    expect_cases({
        {"ipv4_compare", {str("192.168.1.1"), str("192.168.1.0"), num(31)}, "0"},
        {"ipv4_compare", {str("192.168.1.1"), str("192.168.1.0")}, "1"},
        {"ipv4_is_match", {str("192.168.1.1/30"), str("192.168.1.255/24")}, "True"},
        {"ipv4_is_match", {str("x"), str("192.168.1.255/24")}, "null"},
        {"ipv4_is_in_range", {str("192.168.1.1"), str("192.168.1.255/24")}, "True"},
        {"ipv4_is_in_any_range",
         {str("127.0.0.1"), json(R"(["127.0.0.1","192.168.1.1"])")},
         "True"},
        {"ipv4_is_in_any_range", {str("8.8.8.8"), str("10.0.0.0/8"), str("127.1.0.1/16")}, "False"},
        {"ipv4_is_private", {str("172.31.255.1")}, "True"},
        {"ipv4_is_private", {str("172.32.0.1")}, "False"},
        {"ipv4_is_private", {str("nonsense")}, "null"},
        {"ipv4_netmask_suffix", {str("192.168.1.1/24")}, "24"},
        {"ipv4_range_to_cidr_list",
         {str("1.1.128.0"), str("1.1.140.255")},
         R"(["1.1.128.0/21","1.1.136.0/22","1.1.140.0/24"])"},
        {"parse_ipv4", {str("192.168.1.1/24")}, "3232235776"},
        {"parse_ipv4", {str("1.2.3")}, "null"},
        {"parse_ipv4_mask", {str("127.0.0.1"), num(24)}, "2130706432"},
        {"parse_ipv6", {str("::ffff:7")}, "0000:0000:0000:0000:0000:0000:ffff:0007"},
        {"parse_ipv6", {str("192.168.255.255/24")}, "0000:0000:0000:0000:0000:ffff:c0a8:ff00"},
        {"ipv6_is_in_range",
         {str("a5e:f127:8a9d:146d:e102:b5d3:c755:abcd"),
          str("a5e:f127:8a9d:146d:e102:b5d3:c755:0000/112")},
         "True"},
        {"format_ipv4", {str("192.168.1.1/24"), num(32)}, "192.168.1.0"},
        {"format_ipv4", {num(3232235777)}, "192.168.1.1"},
        {"format_ipv4_mask", {str("192.168.1.1"), num(24)}, "192.168.1.0/24"},
        {"format_ipv4_mask", {str("192.168.1.1"), num(-1)}, ""},
        {"has_ipv4", {str(line), str("127.0.0.1")}, "True"},
        {"has_ipv4", {str("05:04:54127.0.0.1 GET"), str("127.0.0.1")}, "False"},
        {"has_ipv4", {str("127.0.0.256"), str("127.0.0.256")}, "False"},
        {"has_ipv4_prefix", {str(line), str("127.0.")}, "True"},
        {"has_any_ipv4_prefix", {str(line), str("127.0")}, "False"},
        {"has_any_ipv4", {str(line), json(R"(["127.0.0.1"])")}, "True"},
    });
}

TEST(EncodeFunctions, FollowTheEnginesAnswers) {
    expect_cases({
        {"base64_encode_tostring", {str("Kusto")}, "S3VzdG8="},
        {"base64_decode_tostring", {str("S3VzdG8=")}, "Kusto"},
        {"base64_decode_tostring", {str("U3RyaW5n0KHR0tGA0L7Rh9C60LA=")}, ""},
        {"base64_decode_toarray", {str("S3VzdG8=")}, "[75,117,115,116,111]"},
        {"base64_encode_fromarray", {json("[75,117,115,116,111]")}, "S3VzdG8="},
        {"base64_encode_fromguid",
         {cast_scalar(str("ae3133f2-6e22-49ae-b06a-16e6a9b212eb"), DataType::Guid)},
         "8jMxriJurkmwahbmqbIS6w=="},
        {"base64_encode_fromguid", {str("abcd1231")}, ""},
        {"zlib_compress_to_base64_string",
         {str("1234567890qwertyuiop")},
         "eAEBFADr/zEyMzQ1Njc4OTBxd2VydHl1aW9wOAkGdw=="},
        {"base64_decode_toguid",
         {str("8jMxriJurkmwahbmqbIS6w==")},
         "ae3133f2-6e22-49ae-b06a-16e6a9b212eb"},
        {"base64_decode_toguid", {str("abcd1231")}, "null"},
        {"url_encode_component",
         {str("https://www.bing.com/hello world/")},
         "https%3a%2f%2fwww.bing.com%2fhello%20world%2f"},
        {"url_encode", {str("a b")}, "a+b"},
        {"url_decode", {str("https%3a%2f%2fx%20y")}, "https://x y"},
        {"gzip_decompress_from_base64_string",
         {str("H4sIAAAAAAAA/wEUAOv/MTIzNDU2Nzg5MHF3ZXJ0eXVpb3A6m7f2FAAAAA==")},
         "1234567890qwertyuiop"},
        {"gzip_decompress_from_base64_string", {str("x0x0x0")}, ""},
        {"zlib_decompress_from_base64_string",
         {str("eJwLSS0uUSguKcrMS1cwNDIGACxqBQ4=")},
         "Test string 123"},
        {"punycode_from_string", {str("académie-française")}, "acadmie-franaise-npb1a"},
        {"punycode_to_string", {str("acadmie-franaise-npb1a")}, "académie-française"},
        {"punycode_domain_to_string",
         {str("Lê Lợi。Thuận Thiên。com")},
         "xn--L Li-gpa4517b.xn--Thun Thin-s4a7194f.com"},
        {"punycode_domain_from_string", {str("xn--Ge-mia.Bulg.edu")}, "Gáe.Bulg.edu"},
    });
}

}  // namespace
}  // namespace qd::kql
