#!/bin/bash -eu
# Builds what targets.txt lists, and the seeds of each from its testdata/fuzz, for OSS-Fuzz.
export GOTOOLCHAIN=auto # go.mod may want a newer Go than the image has
(cd "$SRC/go-118-fuzz-build/cmd/addStdLibCorpusToFuzzer" && go build -o "$GOPATH/bin/" .)

root=$SRC/i2psocks
for module in "$root" "$root/keys/etcd"; do
	cd "$module"
	go get github.com/AdamKorcz/go-118-fuzz-build/testing
done

while read -r dir target; do
	name=${dir//[\/.]/_}_$target
	module=$root
	[[ $dir != keys/etcd ]] || module=$root/keys/etcd
	cd "$module"
	compile_native_go_fuzzer_v2 "$(cd "$root/$dir" && go list .)" "$target" "$name"
	[[ -e $OUT/$name ]] || { echo "$name was not built"; exit 1; }
	addStdLibCorpusToFuzzer -fuzzer_name "$name" -dir "$root/$dir/testdata/fuzz/$target"
done <"$root/.github/oss-fuzz/targets.txt"
