/* A bound on matching: price-time priority in plain C, one call for the whole stream.

   Prices index arrays of queues directly, orders live in one array by number, nothing is allocated
   while it runs, and no trade is told, only counted: no engine that tells its trades in Python
   objects can be as fast. */

#include <stdint.h>
#include <stdlib.h>

enum { NEW, CANCEL, REPLACE };

typedef struct {
    int32_t next, before, price, quantity, symbol;
    int8_t buys, waits;
} Order;

typedef struct {
    int32_t first, last;
} Queue;

typedef struct {
    int32_t best_bid, best_offer; /* At or beyond the true ones. */
    Queue *queues;
} Book;

static void leave(Book *book, Order *orders, int32_t number) {
    Order *order = &orders[number];
    Queue *queue = &book->queues[order->price];
    if (order->before) orders[order->before].next = order->next; else queue->first = order->next;
    if (order->next) orders[order->next].before = order->before; else queue->last = order->before;
    order->waits = 0;
}

static int64_t take(Book *book, Order *orders, int32_t price, Order *taker) {
    int64_t traded = 0;
    Queue *queue = &book->queues[price];
    while (taker->quantity && queue->first) {
        int32_t number = queue->first;
        Order *maker = &orders[number];
        int32_t shares = maker->quantity < taker->quantity ? maker->quantity : taker->quantity;
        maker->quantity -= shares;
        taker->quantity -= shares;
        traded += shares;
        if (!maker->quantity) leave(book, orders, number);
    }
    return traded;
}

static int64_t enter(Book *book, Order *orders, int32_t number, int32_t prices) {
    Order *order = &orders[number];
    int64_t traded = 0;
    if (order->buys) {
        while (order->quantity && book->best_offer <= order->price) {
            traded += take(book, orders, book->best_offer, order);
            if (order->quantity) book->best_offer++;
        }
    } else {
        while (order->quantity && book->best_bid >= order->price) {
            traded += take(book, orders, book->best_bid, order);
            if (order->quantity) book->best_bid--;
        }
    }
    if (!order->quantity) return traded;
    Queue *queue = &book->queues[order->price];
    order->before = queue->last;
    order->next = 0;
    order->waits = 1;
    if (queue->last) orders[queue->last].next = number; else queue->first = number;
    queue->last = number;
    if (order->buys && order->price > book->best_bid) book->best_bid = order->price;
    if (!order->buys && order->price < book->best_offer) book->best_offer = order->price;
    return traded;
}

/* Rows of six: what, symbol, number, buys, quantity, price. Answers the shares that traded, or -1
   when there is no memory. */
int64_t run(const int32_t *rows, int64_t count, int32_t symbols, int32_t numbers, int32_t prices) {
    Order *orders = calloc((size_t)numbers + 1, sizeof(Order));
    Queue *queues = calloc((size_t)symbols * prices, sizeof(Queue));
    Book *books = calloc(symbols, sizeof(Book));
    int64_t traded = orders && queues && books ? 0 : -1;
    for (int32_t symbol = 0; traded == 0 && symbol < symbols; symbol++) {
        books[symbol].best_bid = -1;
        books[symbol].best_offer = prices;
        books[symbol].queues = queues + (size_t)symbol * prices;
    }
    for (int64_t place = 0; traded >= 0 && place < count; place++) {
        const int32_t *row = rows + 6 * place;
        Book *book = &books[row[1]];
        Order *order = &orders[row[2]];
        if (row[0] != NEW && order->waits) leave(book, orders, row[2]);
        if (row[0] == CANCEL) continue;
        order->symbol = row[1];
        order->buys = (int8_t)row[3];
        order->quantity = row[4];
        order->price = row[5];
        traded += enter(book, orders, row[2], prices);
    }
    free(orders);
    free(queues);
    free(books);
    return traded;
}
