#!/bin/sh
# tokenizer.sh - the tokenizer of our own models, made again from our own captions.
#
#     tools/tokenizer.sh COHL FOLDER
#
# Writes spiece.model and words.tsv to FOLDER: a SentencePiece model trained on
# 120000 captions of the theatre, and how it spells each of their words. Needs
# spm_train (Debian package sentencepiece), which nothing else here does.
set -eu

[ $# = 2 ] || { echo 'usage: tools/tokenizer.sh COHL FOLDER' >&2; exit 2; }
command -v spm_train >/dev/null || { echo 'tokenizer.sh: spm_train is missing (package sentencepiece)' >&2; exit 1; }
cohl=$1 folder=$2 count=120000
mkdir -p "$folder"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$cohl" theatre captions --count $count >"$work/captions.txt"
spm_train --input="$work/captions.txt" --model_prefix="$work/spiece" \
    --vocab_size=1280 --hard_vocab_limit=false --model_type=unigram --byte_fallback \
    --pad_id=0 --eos_id=1 --unk_id=2 --bos_id=-1 --normalization_rule_name=nmt_nfkc_cf \
    --input_sentence_size=20000 --shuffle_input_sentence=true --num_threads=1 2>"$work/log" ||
    { cat "$work/log" >&2; exit 1; }
mv "$work/spiece.model" "$folder/spiece.model"
"$cohl" theatre captions --count $count --table "$folder"
