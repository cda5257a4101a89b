#!/usr/bin/env bash
# BurntSushi/toml's MetaData.Undecoded lists keys that have been decoded, where their
# table or array of tables went into an `any`: who refuses a file for its undecoded
# keys, as for misspelt settings, refuses good ones with a free-form table.
#
# Seen with github.com/BurntSushi/toml v1.6.0: of two documents, decoded into a
# struct { Set map[string]any } and into a struct { Set map[string]map[string]int64 },
#
#     any: value map[betas:map[first:9] plain:1], undecoded [set.betas.first]
#     typed: value map[betas:map[first:9]], undecoded []
#
# In the first, "first" has its value and is listed all the same; "plain", one level
# higher, is not. A typed map of the same depth is not concerned. Sweeps over free
# settings (`set = { lr = 1e-4, optimizer = { beta1 = 0.9 } }`) are such tables.
#
# Needs Go. Exit status 0 while this is what happens, 1 when it has changed.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
cat > go.mod <<'MOD'
module undecoded

go 1.24

require github.com/BurntSushi/toml v1.6.0
MOD
cat > main.go <<'GO'
package main

import (
	"fmt"

	"github.com/BurntSushi/toml"
)

func main() {
	var free struct{ Set map[string]any }
	meta, err := toml.Decode("[set]\nplain = 1\nbetas = { first = 9 }\n", &free)
	if err != nil {
		panic(err)
	}
	fmt.Printf("any: value %v, undecoded %v\n", free.Set, meta.Undecoded())

	var typed struct{ Set map[string]map[string]int64 }
	meta, err = toml.Decode("[set]\nbetas = { first = 9 }\n", &typed)
	if err != nil {
		panic(err)
	}
	fmt.Printf("typed: value %v, undecoded %v\n", typed.Set, meta.Undecoded())
}
GO
go mod tidy >tidy.log 2>&1 || { cat tidy.log; exit 1; }
got=$(go run .)
echo "$got"
want='any: value map[betas:map[first:9] plain:1], undecoded [set.betas.first]
typed: value map[betas:map[first:9]], undecoded []'
[ "$got" = "$want" ] || { echo "this has changed" >&2; exit 1; }
