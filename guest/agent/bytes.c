/* Bytes that wait. They may be secrets, so none stay behind. */
#include "agent.h"

#include <stdlib.h>
#include <string.h>

void bytes_add(struct bytes *b, const void *data, size_t length) {
  if (b->start > 0 && b->start + b->length + length > b->room) {
    memmove(b->data, b->data + b->start, b->length);
    explicit_bzero(b->data + b->length, b->start);
    b->start = 0;
  }
  if (b->length + length > b->room) {
    size_t room = b->room ? b->room : 4096;
    while (room < b->length + length) room *= 2;
    uint8_t *data_now = malloc(room);
    if (!data_now) die("memory");
    if (b->length > 0) memcpy(data_now, b->data + b->start, b->length);
    size_t length_now = b->length;
    bytes_free(b);
    b->data = data_now;
    b->length = length_now;
    b->room = room;
  }
  memcpy(b->data + b->start + b->length, data, length);
  b->length += length;
}

void bytes_drop(struct bytes *b, size_t length) {
  explicit_bzero(b->data + b->start, length);
  b->start += length;
  b->length -= length;
  if (b->length == 0) b->start = 0;
}

void bytes_free(struct bytes *b) {
  if (b->data) explicit_bzero(b->data, b->room);
  free(b->data);
  memset(b, 0, sizeof *b);
}
