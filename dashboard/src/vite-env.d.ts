declare module '@novnc/novnc' {
  /** A view of a VNC server through a websocket. */
  export default class RFB extends EventTarget {
    constructor(target: HTMLElement, url: string | WebSocket, options?: { shared?: boolean })
    scaleViewport: boolean
    resizeSession: boolean
    background: string
    disconnect(): void
    sendCtrlAltDel(): void
    focus(): void
    clipboardPasteFrom(text: string): void
  }
}
declare module '@fontsource-variable/*'
