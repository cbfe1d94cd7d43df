// Command webvendor extracts the files listed in web/vendor/vendor.json from
// their npm packages, with npm pack, and rejects a package that does not match
// its reviewed integrity. To update a library, empty its integrity; the command
// fills it in.
//
//	go run -C tools ./webvendor ../web/vendor
package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

type library struct {
	Name      string            `json:"name"`
	Version   string            `json:"version"`
	Licence   string            `json:"licence"`
	Integrity string            `json:"integrity"`
	Files     map[string]string `json:"files"`
	Icons     []string          `json:"icons,omitempty"`
}

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: webvendor DIR")
	}
	if err := run(os.Args[1]); err != nil {
		log.Fatal("webvendor: ", err)
	}
}

func run(dir string) error {
	list := filepath.Join(dir, "vendor.json")
	raw, err := os.ReadFile(list)
	if err != nil {
		return err
	}
	var libraries []*library
	if err := json.Unmarshal(raw, &libraries); err != nil {
		return fmt.Errorf("%s: %w", list, err)
	}
	for _, l := range libraries {
		if err := l.fetch(dir); err != nil {
			return fmt.Errorf("%s@%s: %w", l.Name, l.Version, err)
		}
	}
	out, err := json.MarshalIndent(libraries, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(list, append(out, '\n'), 0o644)
}

func (l *library) fetch(dir string) error {
	temporary, err := os.MkdirTemp("", "webvendor")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temporary)
	pack := exec.CommandContext(context.Background(), "npm", "pack", "--silent", l.Name+"@"+l.Version)
	pack.Dir = temporary
	name, err := pack.Output()
	if err != nil {
		return fmt.Errorf("npm pack: %w", err)
	}
	raw, err := os.ReadFile(filepath.Join(temporary, strings.TrimSpace(string(name))))
	if err != nil {
		return err
	}
	sum := sha512.Sum512(raw)
	integrity := "sha512-" + base64.StdEncoding.EncodeToString(sum[:])
	if l.Integrity != "" && l.Integrity != integrity {
		return fmt.Errorf("integrity is %s, reviewed was %s", integrity, l.Integrity)
	}
	l.Integrity = integrity
	return l.unpack(raw, dir)
}

func (l *library) unpack(raw []byte, dir string) error {
	wanted := map[string]string{}
	for from, to := range l.Files {
		wanted[from] = to
	}
	for _, i := range l.Icons {
		wanted["package/icons/"+i+".svg"] = "lucide/" + i + ".svg"
	}
	unzipped, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		return err
	}
	for files := tar.NewReader(unzipped); len(wanted) > 0; {
		f, err := files.Next()
		if errors.Is(err, io.EOF) {
			return fmt.Errorf("the package has no %v", wanted)
		}
		if err != nil {
			return err
		}
		to, ok := wanted[f.Name]
		if !ok {
			continue
		}
		delete(wanted, f.Name)
		content, err := io.ReadAll(files)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, to), content, 0o644); err != nil {
			return err
		}
	}
	return nil
}
