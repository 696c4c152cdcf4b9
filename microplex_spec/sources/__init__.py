"""Readers that turn a survey's files into a Population."""

from .base import Column, Reader

__all__ = ["Column", "Reader"]
