// Command regulars is the server and its tools: regulars --help lists them.
package main

import (
	"os"

	"github.com/regulars/regulars/internal/app"
)

func main() { os.Exit(app.Main(os.Args[1:])) }
