/* Allocated objects, lists and trees: owning and non-owning references, locks. */
#include "kernel-types.h"

struct item {
	__u64 value;
	struct bpf_list_node link;
};
struct leaf {
	struct bpf_rb_node node;
	__u64 key;
};
struct shared {
	__u64 value;
	struct bpf_refcount count;
	struct bpf_rb_node node;
	struct bpf_list_node link;
};
PRIVATE(L) struct bpf_spin_lock list_lock;
PRIVATE(L) struct bpf_list_head head __contains(item, link);
PRIVATE(T) struct bpf_spin_lock tree_lock;
PRIVATE(T) struct bpf_rb_root root __contains(leaf, node);
PRIVATE(S) struct bpf_spin_lock shared_lock;
PRIVATE(S) struct bpf_rb_root shared_root __contains(shared, node);

static _Bool less(struct bpf_rb_node *a, const struct bpf_rb_node *b)
{
	return container_of(a, struct leaf, node)->key < container_of(b, struct leaf, node)->key;
}
static _Bool shared_less(struct bpf_rb_node *a, const struct bpf_rb_node *b)
{
	return container_of(a, struct shared, node)->value < container_of(b, struct shared, node)->value;
}

SEC("tc") int drop_ok(void *ctx)
{
	struct item *item = bpf_obj_new(struct item);
	if (!item)
		return 0;
	item->value = 5;
	bpf_obj_drop(item);
	return 0;
}
SEC("tc") int drop_bad(void *ctx)
{
	struct item *item = bpf_obj_new(struct item);
	if (!item)
		return 0;
	item->value = 5;
	return 0;
}
SEC("tc") int null_ok(void *ctx)
{
	struct leaf *leaf = bpf_obj_new(struct leaf);
	if (leaf)
		bpf_obj_drop(leaf);
	return 0;
}
SEC("tc") int null_bad(void *ctx)
{
	struct leaf *leaf = bpf_obj_new(struct leaf);
	bpf_obj_drop(leaf);
	return 0;
}
SEC("tc") int after_ok(void *ctx)
{
	struct leaf *leaf = bpf_obj_new(struct leaf);
	if (!leaf)
		return 0;
	leaf->key = 4;
	int key = leaf->key;
	bpf_obj_drop(leaf);
	return key == 4;
}
SEC("tc") int after_bad(void *ctx)
{
	struct leaf *leaf = bpf_obj_new(struct leaf);
	if (!leaf)
		return 0;
	bpf_obj_drop(leaf);
	return leaf->key == 4;
}
/* Fields that belong to the kernel are not written. */
SEC("tc") int field_ok(void *ctx)
{
	struct item *item = bpf_obj_new(struct item);
	if (!item)
		return 0;
	*(volatile __u32 *)&item->value = 1;
	bpf_obj_drop(item);
	return 0;
}
SEC("tc") int field_bad(void *ctx)
{
	struct item *item = bpf_obj_new(struct item);
	if (!item)
		return 0;
	*(volatile __u64 *)&item->link = 1;
	bpf_obj_drop(item);
	return 0;
}
SEC("tc") int push_ok(void *ctx)
{
	struct item *item = bpf_obj_new(struct item);
	if (!item)
		return 0;
	bpf_spin_lock(&list_lock);
	bpf_list_push_back(&head, &item->link);
	bpf_spin_unlock(&list_lock);
	return 0;
}
SEC("tc") int push_bad(void *ctx)
{
	struct item *item = bpf_obj_new(struct item);
	if (!item)
		return 0;
	bpf_list_push_back(&head, &item->link);
	return 0;
}
SEC("tc") int lock_ok(void *ctx)
{
	bpf_spin_lock(&list_lock);
	struct bpf_list_node *node = bpf_list_pop_front(&head);
	bpf_spin_unlock(&list_lock);
	if (node)
		bpf_obj_drop(container_of(node, struct item, link));
	return 0;
}
SEC("tc") int lock_bad(void *ctx)
{
	bpf_spin_lock(&tree_lock);
	struct bpf_list_node *node = bpf_list_pop_front(&head);
	bpf_spin_unlock(&tree_lock);
	if (node)
		bpf_obj_drop(container_of(node, struct item, link));
	return 0;
}
SEC("tc") int popped_ok(void *ctx)
{
	__u64 value = 0;
	bpf_spin_lock(&list_lock);
	struct bpf_list_node *node = bpf_list_pop_front(&head);
	bpf_spin_unlock(&list_lock);
	if (!node)
		return 0;
	struct item *item = container_of(node, struct item, link);
	value = item->value;
	bpf_obj_drop(item);
	return value == 3;
}
SEC("tc") int popped_bad(void *ctx)
{
	bpf_spin_lock(&list_lock);
	struct bpf_list_node *node = bpf_list_pop_front(&head);
	bpf_spin_unlock(&list_lock);
	return node != 0;
}
/* What is in a collection is seen while the lock is held. */
SEC("tc") int add_ok(void *ctx)
{
	struct leaf *leaf = bpf_obj_new(struct leaf);
	if (!leaf)
		return 0;
	leaf->key = bpf_get_prandom_u32();
	bpf_spin_lock(&tree_lock);
	bpf_rbtree_add(&root, &leaf->node, less);
	int key = leaf->key;
	bpf_spin_unlock(&tree_lock);
	return key == 4;
}
SEC("tc") int add_bad(void *ctx)
{
	struct leaf *leaf = bpf_obj_new(struct leaf);
	if (!leaf)
		return 0;
	leaf->key = bpf_get_prandom_u32();
	bpf_spin_lock(&tree_lock);
	bpf_rbtree_add(&root, &leaf->node, less);
	bpf_spin_unlock(&tree_lock);
	return leaf->key == 4;
}
SEC("tc") int twice_ok(void *ctx)
{
	struct leaf *a = bpf_obj_new(struct leaf), *b;
	if (!a)
		return 0;
	b = bpf_obj_new(struct leaf);
	if (!b) {
		bpf_obj_drop(a);
		return 0;
	}
	bpf_spin_lock(&tree_lock);
	bpf_rbtree_add(&root, &a->node, less);
	bpf_rbtree_add(&root, &b->node, less);
	bpf_spin_unlock(&tree_lock);
	return 0;
}
SEC("tc") int twice_bad(void *ctx)
{
	struct leaf *a = bpf_obj_new(struct leaf);
	if (!a)
		return 0;
	bpf_spin_lock(&tree_lock);
	bpf_rbtree_add(&root, &a->node, less);
	bpf_rbtree_add(&root, &a->node, less);
	bpf_spin_unlock(&tree_lock);
	return 0;
}
SEC("tc") int first_ok(void *ctx)
{
	int key = 0;
	bpf_spin_lock(&tree_lock);
	struct bpf_rb_node *node = bpf_rbtree_first(&root);
	if (node)
		key = container_of(node, struct leaf, node)->key;
	bpf_spin_unlock(&tree_lock);
	return key == 1;
}
SEC("tc") int first_bad(void *ctx)
{
	bpf_spin_lock(&tree_lock);
	struct bpf_rb_node *node = bpf_rbtree_first(&root);
	bpf_spin_unlock(&tree_lock);
	return node ? container_of(node, struct leaf, node)->key == 1 : 0;
}
SEC("tc") int remove_ok(void *ctx)
{
	bpf_spin_lock(&tree_lock);
	struct bpf_rb_node *node = bpf_rbtree_first(&root);
	if (!node) {
		bpf_spin_unlock(&tree_lock);
		return 0;
	}
	node = bpf_rbtree_remove(&root, node);
	bpf_spin_unlock(&tree_lock);
	if (node)
		bpf_obj_drop(container_of(node, struct leaf, node));
	return 0;
}
SEC("tc") int remove_bad(void *ctx)
{
	struct leaf *leaf = bpf_obj_new(struct leaf);
	if (!leaf)
		return 0;
	bpf_spin_lock(&tree_lock);
	bpf_rbtree_remove(&root, &leaf->node);
	bpf_spin_unlock(&tree_lock);
	bpf_obj_drop(leaf);
	return 0;
}
SEC("tc") int walk_ok(void *ctx)
{
	int key = 0;
	bpf_spin_lock(&tree_lock);
	struct bpf_rb_node *node = bpf_rbtree_root(&root);
	if (node)
		node = bpf_rbtree_left(&root, node);
	if (node)
		key = container_of(node, struct leaf, node)->key;
	bpf_spin_unlock(&tree_lock);
	return key == 1;
}
SEC("tc") int walk_bad(void *ctx)
{
	int key = 0;
	struct bpf_rb_node *node = bpf_rbtree_root(&root);
	if (node)
		key = container_of(node, struct leaf, node)->key;
	return key == 1;
}
/* Counted objects may be in several places. */
SEC("tc") int counted_ok(void *ctx)
{
	struct shared *a = bpf_obj_new(struct shared), *b;
	if (!a)
		return 0;
	b = bpf_refcount_acquire(a);
	bpf_spin_lock(&shared_lock);
	bpf_rbtree_add(&shared_root, &a->node, shared_less);
	bpf_spin_unlock(&shared_lock);
	b->value = 3;
	bpf_obj_drop(b);
	return 0;
}
SEC("tc") int counted_bad(void *ctx)
{
	struct leaf *a = bpf_obj_new(struct leaf), *b;
	if (!a)
		return 0;
	b = bpf_refcount_acquire(a);
	bpf_obj_drop(a);
	if (b)
		bpf_obj_drop(b);
	return 0;
}
