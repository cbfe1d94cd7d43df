// Command regulars is the server and its tools; see regulars --help.
package main

import (
	"context"
	"os"

	"github.com/regulars/regulars/internal/app"
	"github.com/regulars/regulars/internal/collector"
)

func main() {
	go collector.Run(context.Background())
	os.Exit(app.Main(os.Args[1:]))
}
