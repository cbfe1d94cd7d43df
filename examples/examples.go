// Package examples contains example files, embedded for the demo.
package examples

import _ "embed"

// Members is members.csv: a thousand members with the mistakes of real
// spreadsheets. It matches the fields, roles and tags of the demo.
//
//go:embed members.csv
var Members []byte
