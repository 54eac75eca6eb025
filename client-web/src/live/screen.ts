// Where pictures stand on this screen, measured from the real layout, and told when it changes.
import { type View, ViewTeller, viewsOf } from "@/core/views";

export type Picture = Pick<View, "seat" | "source" | "important">;

interface Place {
	/** What stands there now; null while nobody's picture does. */
	picture: () => Picture | null;
	width: number;
	height: number;
	seen: boolean;
}

export class Screen {
	private readonly places = new Map<Element, Place>();
	private readonly teller = new ViewTeller();
	private readonly sizes: ResizeObserver;
	private readonly sight: IntersectionObserver;
	private timer = 0;

	constructor(private readonly tell: (views: View[]) => void) {
		this.sizes = new ResizeObserver((entries) => {
			for (const { target, contentRect } of entries) {
				const place = this.places.get(target);
				if (place) Object.assign(place, { width: contentRect.width, height: contentRect.height });
			}
			this.changed();
		});
		this.sight = new IntersectionObserver((entries) => {
			for (const { target, isIntersecting } of entries) {
				const place = this.places.get(target);
				if (place) place.seen = isIntersecting;
			}
			this.changed();
		});
		document.addEventListener("visibilitychange", () => this.changed());
	}

	/** A place for a picture; gone from the layout when the answer is called. */
	place(element: Element, picture: () => Picture | null): () => void {
		this.places.set(element, { picture, width: 0, height: 0, seen: false });
		this.sizes.observe(element);
		this.sight.observe(element);
		return () => {
			this.places.delete(element);
			this.sizes.unobserve(element);
			this.sight.unobserve(element);
			this.changed();
		};
	}

	/** Another picture stands in a place, or a place has another size. */
	changed(): void {
		this.teller.changed(this.views(), performance.now());
		this.schedule();
	}

	/** Whoever is told next knows nothing of it. */
	forget(): void {
		this.teller.forget(performance.now());
		this.schedule();
	}

	private views(): View[] {
		if (document.visibilityState === "hidden") return [];
		const ratio = window.devicePixelRatio || 1;
		const views: View[] = [];
		for (const place of this.places.values()) {
			const picture = place.seen ? place.picture() : null;
			if (picture) views.push({ ...picture, width: place.width * ratio, height: place.height * ratio });
		}
		return viewsOf(views);
	}

	private schedule(): void {
		window.clearTimeout(this.timer);
		const due = this.teller.dueAt;
		if (due === null) return;
		this.timer = window.setTimeout(
			() => {
				const views = this.teller.poll(performance.now());
				if (views) this.tell(views);
				this.schedule();
			},
			Math.max(0, due - performance.now()),
		);
	}
}
