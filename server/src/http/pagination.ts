export const offset = (page: number, pageSize: number) => (page - 1) * pageSize

/** The published pagination object; a page past the end is empty and says so. */
export function paginate(page: number, pageSize: number, total: number) {
  const totalPages = Math.ceil(total / pageSize)
  return {
    page,
    page_size: pageSize,
    total_count: total,
    total_pages: totalPages,
    has_next: page < totalPages,
    has_previous: page > 1,
  }
}
