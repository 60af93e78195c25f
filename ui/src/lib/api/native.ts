/** The window's native commands. Everything else goes through `call_daemon`. */
import { invoke } from "@tauri-apps/api/core";
import { inWindow } from "./transport";

export type DaemonState = "starting" | "up" | "down" | "restarting";

export interface DaemonStatus {
  state: DaemonState;
  message: string;
  since: string;
  adopted: boolean;
}

export type QuitAnswer = "daemon" | "window" | "stay";

/** Null when there is no native half: a browser cannot know. */
export async function daemonStatus(): Promise<DaemonStatus | null> {
  return inWindow() ? invoke<DaemonStatus>("daemon_status") : null;
}

export async function restartDaemon(): Promise<void> {
  if (inWindow()) await invoke("restart_daemon");
}

export async function openDataDirectory(): Promise<void> {
  if (inWindow()) await invoke("open_data_directory");
}

export async function answerQuit(quit: QuitAnswer): Promise<void> {
  if (inWindow()) await invoke("quit_answer", { quit });
}

/** Asks where, writes, and answers the path; null when the person cancelled. */
export async function saveFile(name: string, content: string): Promise<string | null> {
  if (inWindow()) return invoke<string | null>("save_file", { name, content });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content], { type: "text/plain" }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
  return name;
}
