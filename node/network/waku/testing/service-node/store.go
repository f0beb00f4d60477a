package main

import (
	"database/sql"
	"fmt"
	"strings"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-msgio/pbio"
	wakupb "github.com/waku-org/go-waku/waku/v2/protocol/pb"
	storepb "github.com/waku-org/go-waku/waku/v2/protocol/store/pb"
	"google.golang.org/protobuf/proto"
)

const (
	maxQueryBytes = 1 << 20
	defaultPage   = 20
	maxPage       = 100
)

// serveStoreQueries answers /vac/waku/store-query/3.0.0 (Waku specification 13, WAKU2-STORE) from go-waku's table of
// messages: go-waku itself has only this version's client.
func serveStoreQueries(database *sql.DB) network.StreamHandler {
	return func(stream network.Stream) {
		defer stream.Close()
		query := &storepb.StoreQueryRequest{}
		if err := pbio.NewDelimitedReader(stream, maxQueryBytes).ReadMsg(query); err != nil {
			stream.Reset()
			return
		}
		answer := &storepb.StoreQueryResponse{
			RequestId: query.RequestId, StatusCode: proto.Uint32(200), StatusDesc: proto.String("OK"),
		}
		if err := selectMessages(database, query, answer); err != nil {
			answer.StatusCode, answer.StatusDesc = proto.Uint32(400), proto.String(err.Error())
		}
		if err := pbio.NewDelimitedWriter(stream).WriteMsg(answer); err != nil {
			stream.Reset()
		}
	}
}

// condition collects the terms of an SQL condition and their values.
type condition struct {
	terms  []string
	values []any
}

func (c *condition) add(term string, values ...any) {
	c.terms = append(c.terms, term)
	c.values = append(c.values, values...)
}

func (c *condition) String() string {
	if len(c.terms) == 0 {
		return "TRUE"
	}
	return strings.Join(c.terms, " AND ")
}

func anyOf[T any](c *condition, column string, values []T) {
	if len(values) == 0 {
		return
	}
	var all []any
	for _, value := range values {
		all = append(all, value)
	}
	c.add(column+" IN (?"+strings.Repeat(", ?", len(values)-1)+")", all...)
}

func conditionOf(database *sql.DB, query *storepb.StoreQueryRequest) (*condition, error) {
	where := &condition{}
	anyOf(where, "messageHash", query.MessageHashes)
	if len(query.MessageHashes) == 0 {
		if query.PubsubTopic != nil {
			where.add("pubsubTopic = ?", query.GetPubsubTopic())
		}
		anyOf(where, "contentTopic", query.ContentTopics)
		if query.TimeStart != nil {
			where.add("storedAt >= ?", query.GetTimeStart())
		}
		if query.TimeEnd != nil {
			where.add("storedAt <= ?", query.GetTimeEnd())
		}
	}
	if len(query.PaginationCursor) > 0 {
		var storedAt int64
		row := database.QueryRow("SELECT storedAt FROM message WHERE messageHash = ?", query.PaginationCursor)
		if err := row.Scan(&storedAt); err != nil {
			return nil, fmt.Errorf("unknown cursor: %w", err)
		}
		comparison := ">"
		if !query.PaginationForward {
			comparison = "<"
		}
		where.add("(storedAt, messageHash) "+comparison+" (?, ?)", storedAt, query.PaginationCursor)
	}
	return where, nil
}

func selectMessages(database *sql.DB, query *storepb.StoreQueryRequest, answer *storepb.StoreQueryResponse) error {
	where, err := conditionOf(database, query)
	if err != nil {
		return err
	}
	direction := "ASC"
	if !query.PaginationForward {
		direction = "DESC"
	}
	page := int(query.GetPaginationLimit())
	if page <= 0 || page > maxPage {
		page = defaultPage
	}
	// One more than the page shows whether another one follows.
	rows, err := database.Query(fmt.Sprintf(
		`SELECT messageHash, timestamp, contentTopic, pubsubTopic, payload, version FROM message
		 WHERE %s ORDER BY storedAt %s, messageHash %s LIMIT %d`, where, direction, direction, page+1), where.values...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		found, err := scanMessage(rows, query.IncludeData)
		if err != nil {
			return err
		}
		answer.Messages = append(answer.Messages, found)
	}
	if len(answer.Messages) > page {
		answer.Messages = answer.Messages[:page]
		answer.PaginationCursor = answer.Messages[page-1].MessageHash
	}
	if !query.PaginationForward {
		// Backwards, too, a page has its oldest message first.
		for i, j := 0, len(answer.Messages)-1; i < j; i, j = i+1, j-1 {
			answer.Messages[i], answer.Messages[j] = answer.Messages[j], answer.Messages[i]
		}
	}
	return rows.Err()
}

func scanMessage(rows *sql.Rows, withData bool) (*storepb.WakuMessageKeyValue, error) {
	var hash, payload []byte
	var timestamp int64
	var contentTopic, pubsubTopic string
	var version uint32
	if err := rows.Scan(&hash, &timestamp, &contentTopic, &pubsubTopic, &payload, &version); err != nil {
		return nil, err
	}
	found := &storepb.WakuMessageKeyValue{MessageHash: hash}
	if withData {
		found.PubsubTopic = proto.String(pubsubTopic)
		found.Message = &wakupb.WakuMessage{Payload: payload, ContentTopic: contentTopic, Version: proto.Uint32(version)}
		if timestamp != 0 {
			found.Message.Timestamp = proto.Int64(timestamp)
		}
	}
	return found, nil
}
