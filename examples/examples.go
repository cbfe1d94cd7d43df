// Package examples holds files to try the server with, embedded so that the
// demo finds them wherever the program stands.
package examples

import _ "embed"

// Members is members.csv: a thousand people as spreadsheets keep them, with
// the mistakes that spreadsheets have. It goes with the fields, roles and tags
// that the demo makes.
//
//go:embed members.csv
var Members []byte
