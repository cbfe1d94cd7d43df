// Command webbuild bundles web/src and web/vendor into web/dist. File names
// contain a hash of their content, text files have a gzip copy, and
// manifest.json maps plain names to built ones. The output is reproducible.
package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"regexp"

	"github.com/evanw/esbuild/pkg/api"
)

// entries are the entry points referenced by pages.
var entries = []string{"app.ts", "theme.ts", "app.css", "favicon.svg"}

var builtName = regexp.MustCompile(`^(.+)-[A-Z0-9]{8}(\.[a-z0-9]+)$`)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: webbuild DIR")
	}
	if err := run(os.Args[1]); err != nil {
		log.Fatal("webbuild: ", err)
	}
}

func run(dir string) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	src, dist := filepath.Join(dir, "src"), filepath.Join(dir, "dist")
	built := api.Build(api.BuildOptions{
		AbsWorkingDir:     src,
		EntryPoints:       entries,
		Outdir:            dist,
		EntryNames:        "[name]-[hash]",
		AssetNames:        "[name]-[hash]",
		PublicPath:        "/assets/",
		Bundle:            true,
		Format:            api.FormatESModule,
		Target:            api.ES2022,
		MinifyWhitespace:  true,
		MinifySyntax:      true,
		MinifyIdentifiers: true,
		LegalComments:     api.LegalCommentsNone,
		Charset:           api.CharsetUTF8,
		Loader:            map[string]api.Loader{".woff2": api.LoaderFile, ".svg": api.LoaderCopy},
		LogLevel:          api.LogLevelWarning,
	})
	if len(built.Errors) > 0 {
		return fmt.Errorf("%d errors", len(built.Errors))
	}
	if err := os.RemoveAll(dist); err != nil {
		return err
	}
	if err := os.MkdirAll(dist, 0o755); err != nil {
		return err
	}
	return write(dist, built.OutputFiles)
}

func write(dist string, files []api.OutputFile) error {
	manifest := map[string]string{} // includes fonts, which pages preload
	for _, f := range files {
		name := filepath.Base(f.Path)
		parts := builtName.FindStringSubmatch(name)
		if parts == nil {
			return fmt.Errorf("%s has no hash in its name", name)
		}
		manifest[parts[1]+parts[2]] = name
		if err := os.WriteFile(filepath.Join(dist, name), f.Contents, 0o644); err != nil {
			return err
		}
		if parts[2] == ".woff2" {
			continue
		}
		if err := writeGzip(filepath.Join(dist, name+".gz"), f.Contents); err != nil {
			return err
		}
	}
	raw, err := json.MarshalIndent(manifest, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dist, "manifest.json"), append(raw, '\n'), 0o644)
}

func writeGzip(path string, content []byte) error {
	var compressed bytes.Buffer
	w, err := gzip.NewWriterLevel(&compressed, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := w.Write(content); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	return os.WriteFile(path, compressed.Bytes(), 0o644)
}
