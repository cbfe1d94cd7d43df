// Command regulars is the server and its tools; see regulars --help.
package main

import (
	"os"

	"github.com/regulars/regulars/internal/app"
)

func main() { os.Exit(app.Main(os.Args[1:])) }
