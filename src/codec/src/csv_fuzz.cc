#include "qd/base/check.h"
#include "qd/codec/csv.h"

#include <cstddef>
#include <cstdint>

/// What is read, written again and read again is the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const void* bytes = data;
    qd::codec::CsvReader reader({static_cast<const char*>(bytes), size});
    std::vector<qd::codec::CsvReader::Field> record;
    std::vector<qd::codec::CsvReader::Field> again;
    for (;;) {
        const std::uint64_t before = reader.offset();
        const auto more = reader.next(record);
        if (!more.ok() || !more.value()) {
            return 0;
        }
        QD_CHECK(reader.offset() > before && reader.offset() <= size);
        std::string line;
        for (const auto& field : record) {
            line += &field == record.data() ? "" : ",";
            qd::codec::append_csv_field(line, field.text);
        }
        line += '\n';
        qd::codec::CsvReader second(line);
        QD_CHECK(second.next(again).ok());
        QD_CHECK(again.size() == record.size());
        for (std::size_t i = 0; i < record.size(); ++i) {
            QD_CHECK(again[i].text == record[i].text);
        }
    }
}
