// A Waku service node for tests: relay, light push, filter, and a store in memory that is asked by version 3 of its
// protocol. It prints one line of JSON with its addresses when it is ready, and ends with its standard input.
package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"github.com/ethereum/go-ethereum/crypto"
	"github.com/libp2p/go-libp2p"
	pubsub "github.com/libp2p/go-libp2p-pubsub"
	"github.com/libp2p/go-libp2p/p2p/muxer/yamux"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/waku-org/go-waku/waku/persistence"
	"github.com/waku-org/go-waku/waku/persistence/sqlite"
	"github.com/waku-org/go-waku/waku/v2/node"
	"github.com/waku-org/go-waku/waku/v2/protocol"
	"github.com/waku-org/go-waku/waku/v2/protocol/filter"
	"github.com/waku-org/go-waku/waku/v2/protocol/relay"
	"github.com/waku-org/go-waku/waku/v2/protocol/store"
	"go.uber.org/zap"
)

const (
	host            = "127.0.0.1"
	shard           = 0
	maxMessageBytes = 1 << 20
	maxStored       = 100_000
)

func main() {
	cluster := flag.Uint("cluster", 42, "Waku cluster")
	wsPort := flag.Int("ws", 0, "WebSocket port; 0 takes a free one")
	key := flag.String("key", "", "secp256k1 private key in hexadecimal; a new one without it")
	flag.Parse()
	if err := run(uint16(*cluster), *wsPort, *key); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(cluster uint16, wsPort int, key string) error {
	database, err := sql.Open("sqlite3", "file:waku?mode=memory&cache=shared")
	if err != nil {
		return err
	}
	// A database in memory is gone with its last connection.
	database.SetMaxOpenConns(1)
	serviceNode, err := newNode(cluster, wsPort, key, database)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if err := serviceNode.Start(ctx); err != nil {
		return err
	}
	defer serviceNode.Stop()
	serviceNode.Host().SetStreamHandler(store.StoreQueryID_v300, serveStoreQueries(database))
	topic := protocol.NewStaticShardingPubsubTopic(cluster, shard).String()
	if _, err := serviceNode.Relay().Subscribe(ctx, protocol.NewContentFilter(topic), relay.WithoutConsumer()); err != nil {
		return err
	}
	if err := announce(serviceNode); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

func newNode(cluster uint16, wsPort int, keyHex string, database *sql.DB) (*node.WakuNode, error) {
	log := zap.NewNop()
	registry := prometheus.NewRegistry()
	key, keyErr := crypto.GenerateKey()
	if keyHex != "" {
		key, keyErr = crypto.HexToECDSA(keyHex)
	}
	address, addressErr := net.ResolveTCPAddr("tcp", host+":0")
	migrationErr := sqlite.Migrations(database, log)
	messages, storeErr := persistence.NewDBStore(registry, log,
		persistence.WithDB(database), persistence.WithRetentionPolicy(maxStored, 24*time.Hour))
	if err := errors.Join(keyErr, addressErr, migrationErr, storeErr); err != nil {
		return nil, err
	}
	return node.New(
		node.WithLogger(log),
		node.WithPrivateKey(key),
		node.WithHostAddress(address),
		node.WithWebsockets(host, wsPort),
		node.WithClusterID(cluster),
		node.WithShards([]uint16{shard}),
		node.WithPrometheusRegisterer(registry),
		node.WithLibP2POptions(
			libp2p.Transport(tcp.NewTCPTransport),
			libp2p.Muxer("/yamux/1.0.0", yamux.DefaultTransport),
		),
		node.WithMaxConnectionsPerIP(1_000),
		node.WithWakuRelayAndMinPeers(0, pubsub.WithMaxMessageSize(maxMessageBytes)),
		node.WithMaxMsgSize(maxMessageBytes),
		node.WithWakuFilterFullNode(filter.WithTimeout(24*time.Hour)),
		node.WithMessageProvider(messages),
		node.WithWakuStore(),
		node.WithLightPush(),
	)
}

func announce(serviceNode *node.WakuNode) error {
	var addresses []string
	for _, address := range serviceNode.ListenAddresses() {
		addresses = append(addresses, address.String())
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]any{"addresses": addresses})
}
