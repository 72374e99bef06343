// tokenizer_sp.cc - libsentencepiece as C.
#include "model/tokenizer_sp.h"

#include <cstdio>
#include <exception>
#include <memory>
#include <vector>

#include <sentencepiece_processor.h>

struct tokenizer_sp {
    sentencepiece::SentencePieceProcessor processor;
};

// Nothing thrown may reach C, so every entry ends in a catch.
extern "C" tokenizer_sp *tokenizer_sp_open(const char *path, char *why, size_t why_size)
try {
    std::unique_ptr<tokenizer_sp> sp(new tokenizer_sp);
    const auto status = sp->processor.Load(path);
    if (status.ok())
        return sp.release();
    std::snprintf(why, why_size, "%s", status.ToString().c_str());
    return nullptr;
} catch (const std::exception &failure) {
    std::snprintf(why, why_size, "%s", failure.what());
    return nullptr;
}

extern "C" void tokenizer_sp_close(tokenizer_sp *sp)
{
    delete sp;
}

extern "C" int tokenizer_sp_encode(const tokenizer_sp *sp, const char *text, int32_t *id, int max)
try {
    std::vector<int> ids;
    if (!sp->processor.Encode(text, &ids).ok())
        return -1;
    for (size_t i = 0; i < ids.size() && i < static_cast<size_t>(max); i++)
        id[i] = ids[i];
    return static_cast<int>(ids.size());
} catch (const std::exception &) {
    return -1;
}

extern "C" int tokenizer_sp_count(const tokenizer_sp *sp)
try {
    return sp->processor.GetPieceSize();
} catch (const std::exception &) {
    return 0;
}

extern "C" int tokenizer_sp_piece(const tokenizer_sp *sp, const char *piece)
try {
    const int id = sp->processor.PieceToId(piece);
    return id == sp->processor.unk_id() ? -1 : id;
} catch (const std::exception &) {
    return -1;
}
