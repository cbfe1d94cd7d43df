//go:build linux

// Bench compares imports through a real server with a bare load of the same file
// by the database's own shell, on both engines. It also measures the latency of
// other requests meanwhile and the time to accept an upload.
// docs/performance.md explains the figures.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/regulars/regulars/bench/result"
	"github.com/regulars/regulars/internal/clock"
)

// bench is one run of the benchmark.
type bench struct {
	rows    []int
	sizes   []int // of the communities of the requests section
	rounds  int
	clients []int         // of the live section
	idle    time.Duration // until the memory of live clients is read

	writers      []int // of the messages section
	channelSizes []int // messages of channels, for reading the newest
	searched     int   // messages that are searched
	engines      []string
	sections     []string
	large5m      bool
	entries      int
	tagged       int // members with the tag that is deleted or merged
	formats      []string

	waitFiles     []int    // numbers of concurrent large files
	serveArgs     []string // additional flags of the server
	clusterArgs   []string // additional flags of PostgreSQL
	withWorkbooks bool     // also measure parallel workbooks
	growth        growthOptions
	poll          time.Duration // between two polls of a job; 0: 50 ms

	clock   clock.Clock
	out     io.Writer // for tables
	log     io.Writer // for progress
	folder  string    // removed at the end
	binary  string
	cluster *cluster
	stores  int
}

// The sections of a run.
const (
	loadSection       = "load"
	latencySection    = "latency"
	acceptSection     = "accept"
	requestSection    = "requests"
	dryRunSection     = "dryrun"
	waitSection       = "wait"
	tagSection        = "delete-tag" // not part of the default: slow
	formatSection     = "formats"
	mergeSection      = "merge-tag" // the same
	wizardSection     = "wizard"
	balanceSection    = "balances"
	ledgerSection     = "ledger"
	rewardSection     = "rewards"
	growthSection     = "growth"
	messageSection    = "messages"
	liveSection       = "live"
	pocketBaseSection = "pocketbase" // not part of the default: builds another program
)

// acceptBytes is the size of the file of the timed upload.
const acceptBytes = 200_000_000

func main() {
	if len(os.Args) > 1 && os.Args[1] == clientsCommand {
		if err := runClients(context.Background(), os.Args[2:]); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
			os.Exit(1)
		}
		return
	}
	b := &bench{out: os.Stdout, log: os.Stderr}
	if err := b.parse(os.Args[1:]); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "bench:", err)
		}
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := b.run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func (b *bench) parse(args []string) error {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	rows := flags.String("rows", "100000,1000000", "sizes of the files in rows; the largest also loads while other requests are timed")
	rounds := flags.Int("rounds", 3, "number of measurements")
	engines := flags.String("engines", sqlite+","+postgres, "databases")
	only := flags.String("only", strings.Join([]string{loadSection, latencySection, acceptSection, requestSection, messageSection, growthSection}, ","), "what to measure; "+dryRunSection+" measures dry runs and their memory")
	sizes := flags.String("sizes", "10000,100000,1000000", "sizes of the communities that answer requests")
	waitFiles := flags.String("wait-files", "6,20", "with -only wait: numbers of large files, of the smallest size of -rows, beside which a one-row import and a mail are timed")
	flags.StringVar(&b.binary, "binary", "", "program to measure; empty: built from this working copy")
	flags.IntVar(&b.tagged, "tagged", 1_000_000, "members with the tag of -only delete-tag and -only merge-tag")
	formats := flags.String("formats", strings.Join([]string{csvFormat, xlsxFormat, odsFormat}, ","), "with -only formats: the formats of the files of -rows")
	flags.BoolVar(&b.withWorkbooks, "workbooks", false, "also send 16 workbooks at a time that unpack to 200 MiB each")
	flags.IntVar(&b.entries, "entries", 0, "with -only ledger: entries that are added before the verification, for example 10000000")
	flags.BoolVar(&b.large5m, "5m", false, "also load 5,000,000 rows once on each engine, for the memory")
	parseGrowth, parseMessages := b.defineGrowth(flags), b.defineMessages(flags)
	if err := flags.Parse(args); err != nil {
		return err
	}
	err := errors.Join(parseGrowth(), parseMessages())
	if err != nil {
		return err
	}
	if b.rows, err = parseNumbers("-rows", *rows); err != nil {
		return err
	}
	if b.sizes, err = parseNumbers("-sizes", *sizes); err != nil {
		return err
	}
	if b.waitFiles, err = parseNumbers("-wait-files", *waitFiles); err != nil {
		return err
	}
	if b.tagged < 1 {
		return errors.New("-tagged: at least 1")
	}
	if b.rounds = *rounds; b.rounds < 1 {
		return errors.New("-rounds: at least 1")
	}
	if b.engines, err = parseWords("-engines", *engines, sqlite, postgres); err != nil {
		return err
	}
	if b.formats, err = parseWords("-formats", *formats, csvFormat, xlsxFormat, odsFormat); err != nil {
		return err
	}
	if *only == "" {
		return nil
	}
	b.sections, err = parseWords("-only", *only, loadSection, latencySection, acceptSection, requestSection, dryRunSection, waitSection, tagSection, mergeSection, formatSection, wizardSection, balanceSection, ledgerSection, rewardSection, growthSection, messageSection, liveSection, pocketBaseSection)
	return err
}

// defineGrowth defines the flags of the growth section. The result parses the lists.
func (b *bench) defineGrowth(flags *flag.FlagSet) (parse func() error) {
	g := &b.growth
	sizes := flags.String("growth", everydayGrowth, "with -only growth: sizes of files and communities; those above 1M are measured on SQLite only")
	parts := flags.String("growth-parts", string(result.Members)+","+string(result.Rows), "with -only growth: the dimensions that grow")
	match := flags.String("growth-match", "", "with -only growth: regular expression of the operations that are measured against members")
	flags.DurationVar(&g.limit, "growth-time", 2*time.Hour, "with -only growth: measurements that do not fit into this time are left out")
	flags.StringVar(&g.folder, "growth-page", "dist/growth", "with -only growth: folder of the page and of its JSON")
	flags.StringVar(&g.saved, "growth-results", "bench/results", "with -only growth: folder of the committed JSON that the page compares with")
	flags.BoolVar(&g.save, "save", false, "with -only growth: write the committed JSON")
	flags.BoolVar(&g.check, "check", false, "with -only growth: fail if an operation grows that should not, or is slower than in the committed JSON")
	g.community, g.rows, g.runs, g.sampleFor = 10_000, 1_000, 5, 100*time.Millisecond
	return func() (err error) {
		if g.sizes, err = parseSizes("-growth", *sizes); err != nil {
			return err
		}
		if g.match, err = regexp.Compile(*match); err != nil {
			return fmt.Errorf("-growth-match: %w", err)
		}
		g.parts, err = parseWords("-growth-parts", *parts, string(result.Members), string(result.Rows))
		return err
	}
}

// defineMessages defines the flags of the messages and live sections. The result parses
// the lists.
func (b *bench) defineMessages(flags *flag.FlagSet) (parse func() error) {
	clients := flags.String("clients", "1000,10000,15000", "with -only live: numbers of live connections")
	flags.DurationVar(&b.idle, "idle", 150*time.Second, "with -only live: time until the memory of idle clients is read; the collector runs every two minutes")
	writers := flags.String("writers", "1,16,64", "with -only messages and ledger: numbers of writers")
	channelSizes := flags.String("channel-sizes", "10000,1000000", "with -only messages: messages of channels, for reading the newest 50; for example 10000000")
	flags.IntVar(&b.searched, "searched", 1_000_000, "with -only messages: messages that are searched")
	return func() (err error) {
		if b.writers, err = parseNumbers("-writers", *writers); err != nil {
			return err
		}
		if b.channelSizes, err = parseNumbers("-channel-sizes", *channelSizes); err != nil {
			return err
		}
		b.clients, err = parseNumbers("-clients", *clients)
		return err
	}
}

// parseNumbers parses a list of positive numbers.
func parseNumbers(name, list string) (all []int, err error) {
	for text := range strings.SplitSeq(list, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return nil, fmt.Errorf("%s: %q is not a positive number", name, text)
		}
		all = append(all, n)
	}
	return all, nil
}

// parseWords parses a list of known words.
func parseWords(name, list string, known ...string) ([]string, error) {
	words := strings.Split(list, ",")
	for _, word := range words {
		if !slices.Contains(known, word) {
			return nil, fmt.Errorf("%s: unknown value %q; use %s", name, word, strings.Join(known, ", "))
		}
	}
	return words, nil
}

func (b *bench) run(ctx context.Context) (err error) {
	if b.folder, err = os.MkdirTemp("", "regulars-bench-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(b.folder)) }()
	if err := b.build(ctx); err != nil {
		return err
	}
	if slices.Contains(b.engines, postgres) {
		if b.cluster, err = startCluster(ctx, b.clusterArgs...); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, b.cluster.stop()) }()
	}
	m, err := b.machine()
	if err != nil {
		return err
	}
	fmt.Fprintf(b.out, "%s\n\n", b.heading(m))
	return b.measure(ctx)
}

// measure runs the sections and prints the table of each when it has finished.
func (b *bench) measure(ctx context.Context) error {
	for _, section := range b.sections {
		var err error
		switch section {
		case loadSection:
			err = report(b.reportLoads)(b.loads(ctx))
		case latencySection:
			err = report(b.reportCalls)(b.latencies(ctx, slices.Max(b.rows)))
		case acceptSection:
			err = report(b.reportAccepts)(b.accepts(ctx, acceptBytes))
		case requestSection:
			err = report(b.reportThroughputs)(b.throughputs(ctx, b.sizes))
		case dryRunSection:
			err = report(b.reportDryRuns)(b.dryRuns(ctx, b.rows))
		case waitSection:
			err = report(b.reportWaits)(b.measureWaits(ctx))
		case formatSection:
			err = report(b.reportFormats)(b.importFormats(ctx))
		case wizardSection:
			err = report(b.reportWizards)(b.wizards(ctx))
		case balanceSection:
			err = report(b.reportBalances)(b.balances(ctx))
		case ledgerSection:
			err = report(b.reportLedgers)(b.ledgers(ctx))
		case rewardSection:
			err = report(b.reportRewards)(b.rewards(ctx))
		case messageSection:
			err = report(b.reportMessages)(b.messages(ctx))
		case liveSection:
			err = report(b.reportArrivals)(b.liveClients(ctx))
		case pocketBaseSection:
			err = report(b.reportCompared)(b.comparePocketBase(ctx, b.sizes[0]))
		case growthSection:
			err = b.growths(ctx)
		case tagSection:
			err = report(b.reportTagRemovals)(b.tagRemovals(ctx, b.tagged, false))
		case mergeSection:
			err = report(b.reportTagRemovals)(b.tagRemovals(ctx, b.tagged, true))
		}
		if err != nil {
			return err
		}
	}
	if b.withWorkbooks {
		if err := report(b.reportWorkbooks)(b.workbooks(ctx)); err != nil {
			return err
		}
	}
	if !b.large5m {
		return nil
	}
	return report(b.reportLarge)(b.large(ctx, 5_000_000))
}

// report passes results to the function that prints them.
func report[T any](show func([]T) error) func([]T, error) error {
	return func(measured []T, err error) error {
		if err != nil {
			return err
		}
		return show(measured)
	}
}

// logf prints progress.
func (b *bench) logf(format string, args ...any) { fmt.Fprintf(b.log, format+"\n", args...) }
