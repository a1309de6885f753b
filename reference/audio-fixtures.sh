#!/usr/bin/env bash
# Makes the small sound files that the tests of src/audio decode. Needs ffmpeg (with libmp3lame, libvorbis, libopus).
#
#   bash reference/audio-fixtures.sh
#
# Mono files hold 0.4 sin(440 Hz) + 0.3 sin(1000 Hz); stereo files hold the first on the left, the second on the right.
set -euo pipefail
cd "$(dirname "$0")/../src/audio/fixtures"

# make RATE SECONDS EXPRESSION OUTPUT CODEC-OPTIONS...
make() {
  local rate=$1 seconds=$2 expression=$3 output=$4
  shift 4
  ffmpeg -hide_banner -loglevel error -y -f lavfi -i "aevalsrc=$expression:s=$rate:d=$seconds" \
    -map_metadata -1 -bitexact -flags +bitexact "$@" "$output"
}
left='0.4*sin(2*PI*440*t)'
right='0.3*sin(2*PI*1000*t)'

make 44100 1 "$left+$right" mono.mp3 -c:a libmp3lame -b:a 48k
make 44100 1 "$left|$right" stereo.mp3 -c:a libmp3lame -b:a 64k
make 44100 1 "$left+$right" no-info.mp3 -c:a libmp3lame -b:a 48k -write_xing 0
make 11025 0.25 "$left|$right" stereo.flac -c:a flac -frame_size 512 -compression_level 12
make 48000 0.1 "$left+$right" mono-24bit.flac -c:a flac -sample_fmt s32 -compression_level 12
# Silence leaves no residual, and FLAC writes that as ones: up to the CRC, or up to zeros that fill the last byte.
# A frame that ends in ff, or in ff f8, looks as if another began there.
small_flac=(-c:a flac -sample_fmt s16 -frame_size 4096 -compression_level 12 -metadata_header_padding 0)
make 16000 0.1 "lt(n\,1460)*($left+$right)" ends-in-ff.flac "${small_flac[@]}"
make 16000 0.1 "lt(n\,1499)*($left+$right)" ends-in-fff8.flac "${small_flac[@]}"
make 16000 0.5 "$left+$right" mono.oga -c:a flac -compression_level 12 -frame_size 512 -page_duration 100000 -f ogg
make 22050 1 "$left+$right" mono.ogg -c:a libvorbis -q:a 1 -page_duration 100000
make 44100 1 "$left|$right" stereo.ogg -c:a libvorbis -q:a 1 -page_duration 100000
make 48000 1 "$left+$right" mono.opus -c:a libopus -b:a 32k -page_duration 100000
make 48000 1 "$left|$right" stereo.opus -c:a libopus -b:a 48k -page_duration 100000
make 44100 1 "$left|$right" stereo.m4a -c:a aac -b:a 64k
make 32000 1 "$left+$right" mono.aac -c:a aac -b:a 48k -f adts
make 8000 0.25 "$left+$right" a-law.wav -c:a pcm_alaw
make 8000 0.25 "$left+$right" mu-law.wav -c:a pcm_mulaw
make 8000 0.25 "$left+$right" ima-adpcm.wav -c:a adpcm_ima_wav
make 8000 0.25 "$left|$right" extensible-24bit.wav -c:a pcm_s24le -channel_layout stereo
